using CsCheck;
using LST.Core.Caching;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Caching;

public class DenseTailTests
{
    [Fact]
    public void Appending_in_any_portions_over_any_blocks_gives_the_same_rows() =>
        Gen.Select(Gen.Int[1, 5], Gen.Int[1, 6].Array[1, 6], Gen.Int[0, 1000]).Sample((block, portions, seed) =>
        {
            using var scope = NewDisposeScope();
            using var tail = new DenseTail(2, 3, 4, float32, CPU, block);
            var (keys, values) = Rows(portions.Sum(), seed);
            var done = 0;
            foreach (var portion in portions)
            {
                tail.Append(keys.narrow(2, done, portion), values.narrow(2, done, portion));
                done += portion;

                Assert.Equal(done, tail.Length);
                Assert.Equal((done + block - 1) / block, tail.Blocks.Count);
                Assert.Equal(PlainNumbers.Bits(keys.narrow(2, 0, done)), PlainNumbers.Bits(tail.Joined().Keys));
                Assert.Equal(PlainNumbers.Bits(values.narrow(2, 0, done)), PlainNumbers.Bits(tail.Joined().Values));
            }
            Assert.Equal(2L * 2 * 3 * 4 * 4 * block * tail.Blocks.Count, tail.Bytes);
        }, iter: 60, threads: 1);

    [Fact]
    public void Truncated_rows_are_written_again_in_the_same_blocks() =>
        Gen.Select(Gen.Int[1, 4], Gen.Int[1, 12], Gen.Int[0, 12], Gen.Int[1, 12]).Sample((block, first, keep, second) =>
        {
            keep = Math.Min(keep, first);
            using var scope = NewDisposeScope();
            using var tail = new DenseTail(2, 3, 4, float32, CPU, block);
            var (keys, values) = Rows(first, 1);
            var (newKeys, newValues) = Rows(second, 2);
            tail.Append(keys, values);
            var blocks = tail.Blocks.Count;

            tail.Truncate(keep);
            Assert.Equal(keep, tail.Length);
            Assert.Equal(blocks, tail.Blocks.Count);
            tail.Append(newKeys, newValues);

            Assert.Equal(Math.Max(blocks, (keep + second + block - 1) / block), tail.Blocks.Count);
            Assert.Equal(PlainNumbers.Bits(cat([keys.narrow(2, 0, keep), newKeys], 2)), PlainNumbers.Bits(tail.Joined().Keys));
            Assert.Equal(PlainNumbers.Bits(cat([values.narrow(2, 0, keep), newValues], 2)), PlainNumbers.Bits(tail.Joined().Values));
        }, iter: 60, threads: 1);

    [Fact]
    public void A_reserved_row_counts_when_it_is_advanced()
    {
        using var scope = NewDisposeScope();
        using var tail = new DenseTail(2, 3, 4, float32, CPU, 2);
        var (keys, values) = Rows(3, 4);
        for (var t = 0; t < 3; t++)
        {
            var (block, row) = tail.Reserve();
            block.Keys.narrow(2, row, 1).copy_(keys.narrow(2, t, 1));
            block.Values.narrow(2, row, 1).copy_(values.narrow(2, t, 1));
            Assert.Equal(t, tail.Length);
            tail.Advance();
        }

        Assert.Equal(2, tail.Blocks.Count);
        Assert.Equal(PlainNumbers.Bits(keys), PlainNumbers.Bits(tail.Joined().Keys));
        Assert.Equal(PlainNumbers.Bits(values), PlainNumbers.Bits(tail.Joined().Values));
    }

    [Fact]
    public void An_empty_tail_joins_to_no_rows()
    {
        using var scope = NewDisposeScope();
        using var tail = new DenseTail(2, 3, 4, float32, CPU, 2);

        Assert.Equal([2, 3, 0, 4], tail.Joined().Keys.shape);
        var (keys, values) = Rows(5, 1);
        tail.Append(keys, values);
        tail.Truncate(0);
        Assert.Equal([2, 3, 0, 4], tail.Joined().Values.shape);
    }

    [Theory, InlineData(-1), InlineData(4)]
    public void Refuses_to_truncate_to_what_it_does_not_hold(int length)
    {
        using var scope = NewDisposeScope();
        using var tail = new DenseTail(2, 3, 4, float32, CPU, 2);
        var (keys, values) = Rows(3, 1);
        tail.Append(keys, values);

        Assert.Throws<ArgumentOutOfRangeException>(() => tail.Truncate(length));
        Assert.Equal(3, tail.Length);
    }

    private static (Tensor Keys, Tensor Values) Rows(int tokens, int seed)
    {
        var normal = new NormalNumbers(seed);
        return (tensor(normal.Array(24L * tokens), 2, 3, tokens, 4), tensor(normal.Array(24L * tokens), 2, 3, tokens, 4));
    }
}
