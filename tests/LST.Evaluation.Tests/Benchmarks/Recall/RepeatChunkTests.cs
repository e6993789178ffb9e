using CsCheck;
using LST.Core;
using LST.Evaluation.Benchmarks.Recall;

namespace LST.Evaluation.Tests.Benchmarks.Recall;

public class RepeatChunkTests
{
    // randint(32, 128) and randint(1, 1024 - 1 - m) of random.Random(c) in CPython.
    [Theory]
    [InlineData(0, 81, 777)]
    [InlineData(1, 49, 583)]
    [InlineData(7, 73, 155)]
    public void The_number_of_the_chunk_draws_length_and_place_as_Python_does(int chunk, int length, int source)
    {
        var repeat = RepeatChunk.Of(Ids(1024 + 512), chunk, 1024);

        Assert.Equal((length, source, 1024 + length / 2, 1024 + length), (repeat.Length, repeat.Source, repeat.ScoredStart, repeat.ScoredEnd));
    }

    [Fact]
    public void A_span_of_the_prefix_stands_at_the_start_of_the_suffix_and_nothing_else_differs() => Gen.Select(Gen.Int[0, 100_000], Gen.Int[130, 400], Gen.Int[128, 300]).Sample((chunk, prefix, suffix) =>
    {
        var ids = Ids(prefix + suffix);
        var before = ids.ToArray();

        var repeat = RepeatChunk.Of(ids, chunk, prefix);

        Assert.Equal(before, ids);
        Assert.InRange(repeat.Length, RepeatChunk.Shortest, RepeatChunk.Longest);
        // Behind BOS and inside of the ids that are compressed, 0 … P − 2.
        Assert.InRange(repeat.Source, 1, prefix - 1 - repeat.Length);
        Assert.Equal(ids[repeat.Source..(repeat.Source + repeat.Length)], repeat.Ids[prefix..(prefix + repeat.Length)]);
        Assert.Equal(ids[..prefix], repeat.Ids[..prefix]);
        Assert.Equal(ids[(prefix + repeat.Length)..], repeat.Ids[(prefix + repeat.Length)..]);
        Assert.InRange(repeat.ScoredStart, prefix + 16, repeat.ScoredEnd - 1);
        Assert.InRange(repeat.ScoredEnd, 0, repeat.Ids.Length);
    });

    [Theory]
    [InlineData(129, 512)]
    [InlineData(1024, 127)]
    public void A_chunk_without_room_for_the_longest_span_is_refused(int prefix, int suffix) =>
        Assert.Contains($"{prefix} and {suffix} ids", Assert.Throws<UsageException>(() => RepeatChunk.Of(Ids(prefix + suffix), 0, prefix)).Message, StringComparison.Ordinal);

    private static long[] Ids(int count) => [.. Enumerable.Range(0, count).Select(i => (long)i)];
}
