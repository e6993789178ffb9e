using CsCheck;
using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Sidecar;

/// <summary>Kept and merged tokens against plain loops.</summary>
public class TokenChoiceTests
{
    private static readonly ModelConfig Shape = TinyModels.Mha;
    private static readonly double[] Shares = [0, 0.1, 0.25, 0.5, 0.9, 1];

    // A head that stays as it is, or n slots of which so many are sinks and recents.
    private static readonly Gen<(bool Stays, double Slots, int Sinks, int Recent)> Head =
        Gen.Select(Gen.Int[0, 4].Select(i => i == 0), Gen.Double[0, 1], Gen.Int[0, 5], Gen.Int[0, 9]);

    [Fact]
    public void Slots_are_the_most_important_tokens_and_means_of_all_others() =>
        (from tokens in Gen.Int[2, 60]
         from heads in Head.Array[Shape.KeyValueHeads]
         from share in Gen.Int[0, Shares.Length - 1].Select(i => Shares[i])
         from importance in Gen.Int[0, 9].Array[Shape.KeyValueHeads * tokens]
         from seed in Gen.Int[0, 1000]
         select (tokens, heads, share, importance, seed)).Sample(x =>
         {
             WindowPlan?[] plans = [.. x.heads.Select(head => head.Stays ? null : WindowPlan.MakeWide(x.tokens, 1 + (int)(head.Slots * (x.tokens - 2)), head.Sinks, head.Recent))];
             AssertChosen(x.tokens, plans, x.share, [.. x.importance.Select(i => (float)i)], x.seed, ScalarType.Float32);
         }, iter: 300, threads: 1);

    [Theory]
    [InlineData(0, ScalarType.BFloat16)]
    [InlineData(0.1, ScalarType.BFloat16)]
    [InlineData(1, ScalarType.BFloat16)]
    [InlineData(0, ScalarType.Float32)]
    [InlineData(0.1, ScalarType.Float32)]
    [InlineData(1, ScalarType.Float32)]
    public void Heads_of_every_size_stand_next_to_each_other(double share, ScalarType dtype)
    {
        // One middle slot; one token fewer than there are; half of them; and one that stays as it is.
        WindowPlan?[] plans = [WindowPlan.MakeWide(101, 13, 4, 8), WindowPlan.MakeWide(101, 100, 0, 0), null, WindowPlan.MakeWide(101, 50, 2, 5)];

        AssertChosen(101, plans, share, [.. Enumerable.Range(0, 404).Select(i => (float)Math.Sin(i * 7.3))], 5, dtype);
    }

    [Fact]
    public void Ties_go_to_the_earlier_token()
    {
        using var scope = NewDisposeScope();
        var context = RandomContext.Of(Shape, 20, 1);
        using var made = Compress(context, [.. Enumerable.Repeat(WindowPlan.MakeWide(20, 9, 2, 3), Shape.KeyValueHeads)], 0, zeros(Shape.KeyValueHeads, 20));

        Assert.Equal([0, 1, 2, 3, 4, 5, 17, 18, 19], made.Positions[..9].ToArray());
        Assert.Null(made.Bias);
    }

    [Fact]
    public void Importance_that_is_no_number_or_infinite_still_gives_exact_slots()
    {
        using var scope = NewDisposeScope();
        var context = RandomContext.Of(Shape, 20, 1);
        foreach (var value in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            using var made = Compress(context, [.. Enumerable.Repeat(WindowPlan.MakeWide(20, 9, 2, 3), Shape.KeyValueHeads)], 0.5, full(Shape.KeyValueHeads, 20, value));

            for (var h = 0; h < Shape.KeyValueHeads; h++) Assert.Equal(9, made.Length(0, h));
        }
    }

    private static CompressedLayer Compress(LayerContext context, WindowPlan?[] plans, double share, Tensor importance) =>
        TokenChoice.Compress(RandomSidecar.Config("random-choice", Shape) with { MergedShare = share }, context, context.PreRopeKeys(), plans, importance);

    private static void AssertChosen(int tokens, WindowPlan?[] plans, double share, float[] importance, int seed, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var context = RandomContext.Of(Shape, tokens, seed, dtype);
        using var made = Compress(context, plans, share, tensor(importance, Shape.KeyValueHeads, tokens));
        var (dense, denseValues) = (PlainNumbers.Heads(context.Keys), PlainNumbers.Heads(context.Values));
        var before = PlainNumbers.Heads(context.PreRopeKeys());
        var (keys, values) = (PlainNumbers.Of(made.Keys), PlainNumbers.Of(made.Values));
        var bias = made.Bias is null ? new double[made.Slots] : PlainNumbers.Of(made.Bias);
        var tolerance = dtype == ScalarType.Float32 ? 2e-5 : 0.05;
        Assert.Equal((dtype, dtype), (made.Keys.dtype, made.Values.dtype));
        for (var h = 0; h < plans.Length; h++)
        {
            var first = made.Offsets[h];
            var expected = Expected(tokens, plans[h], share, importance.AsSpan(h * tokens, tokens));
            Assert.Equal(plans[h]?.Slots ?? tokens, made.Length(0, h));
            Assert.Equal(expected.Count, made.Length(0, h));
            for (var i = 0; i < expected.Count; i++)
            {
                var (row, run) = (first + i, expected[i]);
                var (key, value) = (PlainNumbers.Row(keys, row, Shape.HeadDim).ToArray(), PlainNumbers.Row(values, row, Shape.HeadDim).ToArray());
                var position = run[(run.Length - 1) / 2];
                Assert.Equal(position, made.Positions[row]);
                Assert.True(i == 0 || made.Positions[row] > made.Positions[row - 1], "positions ascend strictly");
                Assert.Equal(run.Length, made.Counts![row]);
                Assert.Equal(Math.Log(run.Length), bias[row], 1e-6);
                if (run.Length == 1 && IsKept(plans[h], share, importance.AsSpan(h * tokens, tokens), position))
                {
                    // Bit for bit: both are widened from the same type.
                    Assert.Equal(dense[h][position], key);
                    Assert.Equal(denseValues[h][position], value);
                }
                else
                {
                    Assert.InRange(PlainNumbers.Distance(NaiveRotation.Turn(Mean(before[h], run), position, context.Rotary.InverseFrequencies), key), 0, tolerance);
                    Assert.InRange(PlainNumbers.Distance(Mean(denseValues[h], run), value), 0, tolerance);
                }
            }
            // Where anything is merged, every token is in exactly one slot.
            if (plans[h] is null || Runs(plans[h]!, share) > 0) Assert.Equal(Enumerable.Range(0, tokens), expected.SelectMany(run => run).Order());
        }
    }

    private static int Runs(WindowPlan plan, double share) => (int)(share * plan.MiddleSlots);

    private static bool IsKept(WindowPlan? plan, double share, ReadOnlySpan<float> importance, int token) =>
        plan is null || token < plan.Sinks || token >= plan.Tokens - plan.Recent || Kept(plan, share, importance).Contains(token);

    // Repeatedly the largest that is left, the first of equals.
    private static HashSet<int> Kept(WindowPlan plan, double share, ReadOnlySpan<float> importance)
    {
        var kept = new HashSet<int>();
        while (kept.Count < plan.MiddleSlots - Runs(plan, share))
        {
            var best = -1;
            for (var j = plan.Sinks; j < plan.Tokens - plan.Recent; j++)
                if (!kept.Contains(j) && (best < 0 || importance[j] > importance[best])) best = j;
            kept.Add(best);
        }
        return kept;
    }

    // Tokens of each slot.
    private static List<int[]> Expected(int tokens, WindowPlan? plan, double share, ReadOnlySpan<float> importance)
    {
        if (plan is null) return [.. Enumerable.Range(0, tokens).Select(j => new[] { j })];
        var kept = Kept(plan, share, importance);
        var others = Enumerable.Range(plan.Sinks, tokens - plan.Sinks - plan.Recent).Where(j => !kept.Contains(j)).ToArray();
        List<int[]> slots = [.. Enumerable.Range(0, plan.Sinks).Concat(kept).Concat(Enumerable.Range(tokens - plan.Recent, plan.Recent)).Select(j => new[] { j })];
        var runs = Runs(plan, share);
        for (var g = 0; g < runs; g++) slots.Add(others[(g * others.Length / runs)..((g + 1) * others.Length / runs)]);
        Assert.All(slots, slot => Assert.NotEmpty(slot));
        return [.. slots.OrderBy(slot => slot[(slot.Length - 1) / 2])];
    }

    private static double[] Mean(double[][] rows, int[] run) => [.. Enumerable.Range(0, rows[0].Length).Select(d => run.Average(j => rows[j][d]))];
}
