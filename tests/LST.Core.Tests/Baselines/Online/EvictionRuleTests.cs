using CsCheck;
using LST.Core.Baselines.Online;
using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Compression.Online.Evicting;
using LST.Core.Tests.Compression;
using static TorchSharp.torch;

namespace LST.Core.Tests.Baselines.Online;

/// <summary>Rules of single steps against the papers' rules written out, one slot at a time.</summary>
public class EvictionRuleTests
{
    private static readonly Gen<(int Seed, int Length, int Excess)> Steps = Gen.Select(Gen.Int[0, 100_000], Gen.Int[8, 40], Gen.Int[1, 5]);

    [Theory]
    [InlineData("h2o")]
    [InlineData("h2o:normalize=by-count:recent=0")]
    [InlineData("h2o:sinks=2:recent=n/4")]
    public void Heavy_hitters_leave_one_by_one(string method)
    {
        var options = MethodSpec.Parse(method).Options;
        Steps.Sample(given =>
        {
            using var scope = NewDisposeScope();
            var (step, sums) = Step(given.Seed, given.Length, given.Excess);
            var n = given.Length - given.Excess;
            List<int> held = [.. Enumerable.Range(0, given.Length)];
            while (held.Count > n)
            {
                double Score(int slot) => options["normalize"] == "by-count" ? (float)(sums.Sums[slot] / sums.Counts[slot]) : sums.Sums[slot];
                var candidates = held[options.Slots("sinks", n, Ratio.One)..^options.Slots("recent", n, Ratio.One)];
                held.Remove(candidates.Last(slot => Score(slot) == candidates.Min(Score)));
            }

            Assert.Equal(held, new LeastAttended(options, Ratio.One).Choose(step)[0]);
        }, iter: 60);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_last_row_decides_for_all_heads(bool keepsLast) => Steps.Sample(given =>
    {
        using var scope = NewDisposeScope();
        var (step, _) = Step(given.Seed, given.Length, given.Excess, heads: 2);
        var mean = Enumerable.Range(0, given.Length).Select(slot => (double)step.LastRow![0][slot] + step.LastRow[1][slot]).ToArray();
        if (keepsLast) mean[^1] = double.PositiveInfinity;
        var expected = Enumerable.Range(0, given.Length).OrderByDescending(slot => mean[slot]).ThenBy(slot => slot).Take(given.Length - given.Excess).Order().ToArray();

        var kept = new LeastAttendedByLast(keepsLast).Choose(step);

        Assert.Equal(expected, kept[0]);
        Assert.Equal(expected, kept[1]);
    }, iter: 60);

    [Fact]
    public void The_example_of_heavy_hitters_goes_on()
    {
        using var scope = NewDisposeScope();
        // Kept 0, 1, 3 of the prompt and token 4: S = 2.8, 0.8, 0.7, 0.2; R = 1 keeps 4, token 3 leaves.
        var step = Given([2.8f, 0.8f, 0.7f, 0.2f], [1, 1, 1, 1], 3);

        Assert.Equal([0, 1, 3], new LeastAttended(MethodSpec.Parse("h2o:recent=1").Options, Ratio.One).Choose(step)[0]);
    }

    [Fact]
    public void The_example_of_sinks_and_recents_goes_on()
    {
        using var scope = NewDisposeScope();
        var step = Given(new float[7], new float[7], 6);
        using var rule = new SinksAndRecents(2, null);

        Assert.Equal([0, 1, 3, 4, 5, 6], rule.Choose(step)[0]);
    }

    [Fact]
    public void Of_equal_sums_the_later_slot_leaves()
    {
        using var scope = NewDisposeScope();
        var step = Given([1, 0.5f, 0.5f, 0.5f, 2], [1, 1, 1, 1, 1], 3);

        Assert.Equal([0, 1, 4], new LeastAttended(MethodSpec.Parse("h2o:recent=0").Options, Ratio.One).Choose(step)[0]);
    }

    private static EvictionStep Given(float[] sums, float[] counts, int slots)
    {
        var remembered = new SlotSums();
        for (var j = 0; j < sums.Length; j++) remembered.Append(sums[j], counts[j]);
        return new EvictionStep(0, Layer(sums.Length, 1), [remembered], null, [slots]);
    }

    // Sums on a coarse grid, so that some are equal.
    private static (EvictionStep Step, SlotSums Sums) Step(int seed, int length, int excess, int heads = 1)
    {
        var random = new Random(seed);
        List<SlotSums> all = [];
        for (var h = 0; h < heads; h++)
        {
            var sums = new SlotSums();
            for (var j = 0; j < length; j++) sums.Append(random.Next(12) / 4f, length - j);
            all.Add(sums);
        }
        var rows = Enumerable.Range(0, heads).Select(_ => Enumerable.Range(0, length).Select(_ => random.Next(12) / 16f).ToArray()).ToArray();
        return (new EvictionStep(0, Layer(length, heads), all, rows, [.. Enumerable.Repeat(length - excess, heads)]), all[0]);
    }

    private static CompressedLayer Layer(int length, int heads) => new(1, heads, zeros(heads * length, 2), zeros(heads * length, 2),
        [.. Enumerable.Range(0, heads + 1).Select(h => h * length)], [.. Enumerable.Repeat(Enumerable.Range(0, length), heads).SelectMany(p => p)]);
}
