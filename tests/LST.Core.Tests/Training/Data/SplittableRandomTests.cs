using CsCheck;
using LST.Core.Training.Data;

namespace LST.Core.Tests.Training.Data;

public class SplittableRandomTests
{
    [Fact]
    public void A_child_depends_on_keys_and_not_on_draws() => Gen.Select(Gen.ULong, Gen.ULong, Gen.Int[0, 20]).Sample((seed, key, draws) =>
    {
        var parent = new SplittableRandom(seed);
        var expected = new SplittableRandom(seed).Split(key).NextBits();

        for (var i = 0; i < draws; i++) parent.NextBits();

        Assert.Equal(expected, parent.Split(key).NextBits());
    }, iter: 200, threads: 1);

    [Fact]
    public void Children_of_neighbouring_keys_and_seeds_differ()
    {
        var first = Enumerable.Range(0, 200).SelectMany(seed => Enumerable.Range(0, 200).Select(key => new SplittableRandom((ulong)seed).Split((ulong)key).NextBits()));

        Assert.Equal(40_000, first.Distinct().Count());
    }

    [Fact]
    public void Known_values_stay_because_resumed_runs_depend_on_them()
    {
        var random = new SplittableRandom(42).Split("sequences").Split(7);

        Assert.Equal((17563977537791887947UL, 17237015750982780980UL, 744L), (random.NextBits(), random.NextBits(), random.Below(1000)));
    }

    [Fact]
    public void Below_gives_every_value_about_equally_often()
    {
        var random = new SplittableRandom(3);
        var counts = new int[7];

        for (var i = 0; i < 70_000; i++) counts[random.Below(7)]++;

        // Five standard deviations of a binomial with p = 1/7.
        Assert.All(counts, count => Assert.InRange(count, 10_000 - 463, 10_000 + 463));
    }

    [Fact]
    public void Values_stay_in_their_range() => Gen.Select(Gen.ULong, Gen.Long[1, long.MaxValue], Gen.Int, Gen.Int).Sample((seed, count, a, b) =>
    {
        var random = new SplittableRandom(seed);
        Assert.InRange(random.Below(count), 0, count - 1);
        Assert.InRange(random.NextDouble(), 0, 1 - double.Epsilon);
        Assert.InRange(random.Between(Math.Min(a, b), Math.Max(a, b)), Math.Min(a, b), Math.Max(a, b));
    }, iter: 500, threads: 1);

    [Fact]
    public void Weights_of_zero_are_never_chosen_and_others_in_proportion()
    {
        var random = new SplittableRandom(9);
        var counts = new int[4];

        for (var i = 0; i < 40_000; i++) counts[random.ChooseByWeight([0, 1, 3, 0])]++;

        Assert.Equal(0, counts[0] + counts[3]);
        Assert.InRange(counts[1], 10_000 - 433, 10_000 + 433);
    }

    [Fact]
    public void Shuffling_keeps_every_item() => Gen.Select(Gen.ULong, Gen.Int.Array[0, 50]).Sample((seed, items) =>
    {
        var shuffled = items.ToArray();
        new SplittableRandom(seed).Shuffle(shuffled.AsSpan());
        Assert.Equal(items.Order(), shuffled.Order());
    }, iter: 200, threads: 1);
}
