using CsCheck;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Tests.Baselines;

public class PyramidKvTests
{
    [Fact]
    public void Slots_follow_the_line_written_out_in_double() =>
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 300], Gen.Int[2, 40], Gen.Int[1, 40], Gen.Int[1, 60]).Sample((layers, tokens, halves, beta, observe) =>
        {
            var context = new PlanContext(tokens, layers, 3, Ratio.Of(halves, 2));
            using var pyramid = MethodSpec.Parse($"pyramidkv:observe={observe}:beta={beta}").Create();

            var plan = pyramid.Plan(context);

            var slots = Math.Max(1, tokens * 2 / halves);
            var window = slots > observe ? observe : Math.Max(1, slots / 2);
            int[] expected = slots == tokens || slots == window ? [.. Enumerable.Repeat(slots, layers)] : [.. Line(layers, slots - window, tokens - window, beta).Select(voted => voted + window)];
            Assert.Equal(expected, plan.Layers.Select(layer => layer.SlotsByHead.Distinct().Single()));
            Assert.Equal(layers * 3 * slots, plan.Total);
            Assert.Equal(plan.Most(context), plan.Total);
        }, iter: 2000, threads: 1);

    [Fact]
    public void A_layer_keeps_the_best_votes_that_its_slots_hold() =>
        Gen.Select(Gen.Int[2, 50], Gen.Int[1, 2], Gen.Int[1, 3], Gen.Int[3, 12], Gen.Int[1, 9], Gen.Int[0, 2], Gen.Int[0, 9999]).Sample((tokens, heads, group, halves, observe, at, seed) =>
        {
            using var scope = NewDisposeScope();
            var layer = new RandomLayer(heads, group, tokens, seed);
            using var pyramid = MethodSpec.Parse($"pyramidkv:observe={observe}:kernel=3:pooling=avg").Create();
            var budget = pyramid.Plan(new PlanContext(tokens, 3, heads, Ratio.Of(halves, 2))).Layers[at];
            var window = budget.Slots > observe ? observe : Math.Max(1, budget.Slots / 2);

            using var actual = pyramid.Compress(layer.Context, budget);

            for (var h = 0; h < heads; h++)
            {
                var scores = NaiveVotes.Scores(layer, window, 3, "avg", "mean", false)[h];
                var (winners, gap) = NaiveScores.Top(scores, Enumerable.Range(0, tokens - window), budget.SlotsByHead[h] - window);
                if (NaiveScores.IsOpen(gap)) continue;
                Assert.Equal([.. winners, .. Enumerable.Range(tokens - window, window)], RandomLayer.Kept(actual, h));
            }
        }, iter: 200, threads: 1);

    [Theory]
    [InlineData("beta=0.5", "from 1"), InlineData("beta=0", "from 1"), InlineData("beta=1e9", "to 1,000,000"), InlineData("kernel=4", "'pyramidkv', option kernel=4")]
    public void Refuses_what_makes_no_pyramid(string option, string said) =>
        Assert.Contains(said, Assert.Throws<UsageException>(() => MethodSpec.Parse($"pyramidkv:{option}").Create()).Message);

    // Voted slots: cut off, then one by one to the largest fraction; nothing may be 0.
    private static int[] Line(int layers, int mean, int most, int beta)
    {
        if (layers == 1) return [mean];
        var least = (double)mean / beta;
        var greatest = (2.0 * mean) - least;
        if (greatest > most) (greatest, least) = (most, (2.0 * mean) - most);
        double[] line = [.. Enumerable.Range(0, layers).Select(l => Math.Round(greatest - (l * (greatest - least) / (layers - 1)), 9))];
        int[] slots = [.. line.Select(exact => (int)Math.Floor(exact))];
        var fractions = line.Select(exact => Math.Round(exact - Math.Floor(exact), 7)).ToArray();
        while (slots.Sum() < layers * mean)
        {
            var next = Array.IndexOf(fractions, fractions.Max());
            slots[next]++;
            fractions[next] = -1;
        }
        while (slots.Min() < 1)
        {
            slots[Array.IndexOf(slots, slots.Max())]--;
            slots[Array.FindIndex(slots, count => count < 1)]++;
        }
        return slots;
    }
}
