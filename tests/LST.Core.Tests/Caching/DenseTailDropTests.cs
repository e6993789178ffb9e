using CsCheck;
using LST.Core.Caching;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Caching;

/// <summary>Tokens that leave the tail at its front.</summary>
public class DenseTailDropTests
{
    [Fact]
    public void Any_order_of_appending_and_dropping_keeps_the_same_rows() =>
        Gen.Select(Gen.Int[1, 9], Gen.Select(Gen.Int[0, 7], Gen.Int[0, 9]).Array[1, 14], Gen.Int[0, 1000]).Sample((block, steps, seed) =>
        {
            using var scope = NewDisposeScope();
            using var tail = new DenseTail(2, 3, 4, float32, CPU, block);
            var (keys, values) = Rows(steps.Sum(step => step.Item1), seed);
            int first = 0, end = 0;
            foreach (var (added, dropped) in steps)
            {
                if (added > 0) tail.Append(keys.narrow(2, end, added), values.narrow(2, end, added));
                end += added;
                var count = Math.Min(dropped, end - first);
                tail.DropFirst(count);
                first += count;

                Assert.Equal(end - first, tail.Length);
                Assert.Equal(PlainNumbers.Bits(keys.narrow(2, first, end - first)), PlainNumbers.Bits(tail.Joined().Keys));
                Assert.Equal(PlainNumbers.Bits(values.narrow(2, first, end - first)), PlainNumbers.Bits(tail.Joined().Values));
                if (end - first > 2) Assert.Equal(PlainNumbers.Bits(keys.narrow(2, first + 1, end - first - 2)), PlainNumbers.Bits(tail.Joined(1, end - first - 2).Keys));
                Assert.InRange(tail.FirstRow, 0, block - 1);
                Assert.InRange(tail.Blocks.Count, 0, ((end - first) / block) + 3);
            }
        }, iter: 120, threads: 1);

    [Fact]
    public void A_tail_of_level_length_stays_in_one_block()
    {
        using var scope = NewDisposeScope();
        using var tail = new DenseTail(2, 3, 4, float32, CPU, 12);
        var (keys, values) = Rows(200, 1);
        for (var t = 0; t < 200; t++)
        {
            tail.Append(keys.narrow(2, t, 1), values.narrow(2, t, 1));
            if (tail.Length == 8) tail.DropFirst(2);
        }

        Assert.Single(tail.Blocks);
        Assert.Equal(PlainNumbers.Bits(keys.narrow(2, 200 - tail.Length, tail.Length)), PlainNumbers.Bits(tail.Joined().Keys));
    }

    [Fact]
    public void Blocks_that_a_long_segment_needed_are_given_back()
    {
        using var scope = NewDisposeScope();
        using var tail = new DenseTail(2, 3, 4, float32, CPU, 4);
        var (keys, values) = Rows(40, 1);
        tail.Append(keys, values);
        Assert.Equal(10, tail.Blocks.Count);

        tail.DropFirst(38);

        Assert.Single(tail.Blocks);
        Assert.Equal(PlainNumbers.Bits(values.narrow(2, 38, 2)), PlainNumbers.Bits(tail.Joined().Values));
    }

    [Theory, InlineData(-1), InlineData(4)]
    public void Refuses_to_drop_what_it_does_not_hold(int count)
    {
        using var scope = NewDisposeScope();
        using var tail = new DenseTail(2, 3, 4, float32, CPU, 2);
        var (keys, values) = Rows(3, 1);
        tail.Append(keys, values);

        Assert.Throws<ArgumentOutOfRangeException>(() => tail.DropFirst(count));
        Assert.Equal(3, tail.Length);
    }

    private static (Tensor Keys, Tensor Values) Rows(int tokens, int seed)
    {
        var normal = new NormalNumbers(seed);
        return (tensor(normal.Array(24L * tokens), 2, 3, tokens, 4), tensor(normal.Array(24L * tokens), 2, 3, tokens, 4));
    }
}
