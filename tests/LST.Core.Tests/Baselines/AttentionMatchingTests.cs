using System.Text.Json;
using CsCheck;
using LST.Core.Baselines;
using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Baselines;

public class AttentionMatchingTests
{
    [Fact]
    public void Equals_the_steps_written_out_in_double() =>
        Gen.Select(Gen.Int[2, 22], Gen.Int[1, 2], Gen.Int[1, 3], Gen.Int[3, 16], Choices.Of("rms", "omp"), Gen.Int[0, 9999]).Sample((tokens, heads, group, numerator, selection, seed) =>
        {
            using var scope = NewDisposeScope();
            var layer = new RandomLayer(heads, group, tokens, seed);
            var (ratio, steps) = (Ratio.Of(numerator, 2), seed % 4);
            var slots = Math.Max(1, NaiveMean.Floor(tokens, ratio));
            var (least, most) = selection == "rms" ? (Math.Exp(-3), Math.Exp(3)) : (1e-12, Math.Exp(7));
            if (slots >= tokens) return;

            using var actual = layer.Compress($"matching:selection={selection}:gradient-steps={steps}:drop-below=none", ratio);

            for (var h = 0; h < heads; h++)
            {
                var naive = Naive(layer, h);
                var (chosen, gap) = selection == "rms" ? NaiveScores.Top(naive.RootMeanSquares, Enumerable.Range(0, tokens), slots) : naive.Pursue(slots, least, most);
                int[] kept = [.. chosen.Order()];
                if (NaiveScores.IsOpen(gap)) continue;
                Assert.Equal(kept, RandomLayer.Kept(actual, h));
                var weights = naive.Weights(kept, least, most, steps);
                var bias = weights.Select(weight => Math.Log(weight)).ToArray();
                var (slotBias, slotValues) = Slots(actual, h);
                Assert.All(slotBias, log => Assert.InRange(log, Math.Log(least) - 1e-5, Math.Log(most) + 1e-5));
                AssertNoWorse(naive.MassObjective(kept, bias), naive.MassObjective(kept, slotBias));
                AssertNoWorse(naive.OutputObjective(kept, bias, naive.Values(kept, bias)), naive.OutputObjective(kept, slotBias, slotValues));
                Assert.True(naive.OutputObjective(kept, slotBias, slotValues) <= naive.OwnOutputObjective(kept, slotBias) + 1e-10);
            }
        }, iter: 150, threads: 1);

    [Fact]
    public void Two_equal_keys_become_one_slot_of_twice_the_weight_and_the_mean_value()
    {
        var expected = JsonDocument.Parse(File.ReadLines(Shared.Require("goldens/presses/rules.jsonl")).Single(line => line.Contains("Attention Matching, two equal keys", StringComparison.Ordinal)))
            .RootElement.GetProperty("expected").EnumerateArray().Select(number => number.GetDouble()).ToArray();
        foreach (var selection in new[] { "rms", "omp" })
        {
            using var scope = NewDisposeScope();
            var context = Context(tensor(new float[] { 1, 0, 0.5f, 1 }, 1, 2, 2), tensor(new float[] { 1, 2, 1, 2 }, 1, 2, 2), tensor(new float[] { 1, 5, 5, 3 }, 1, 2, 2));

            using var actual = RandomLayer.Compress(MethodSpec.Parse($"matching:selection={selection}"), context, Ratio.Of(2));

            var (bias, values) = Slots(actual, 0);
            Assert.InRange(PlainNumbers.Distance(expected, [bias[0], Math.Exp(bias[0]), .. values[0]]), 0, 1e-5);
            Assert.Equal([0], RandomLayer.Kept(actual, 0));
        }
    }

    [Fact]
    public void Pursuit_leaves_less_mass_unexplained_with_every_key() =>
        Gen.Select(Gen.Int[3, 20], Gen.Int[1, 3], Gen.Int[0, 9999]).Sample((tokens, group, seed) =>
        {
            using var scope = NewDisposeScope();
            var layer = new RandomLayer(1, group, tokens, seed);
            var naive = Naive(layer, 0);
            var (before, kept) = (1.0, Array.Empty<int>());
            for (var slots = 1; slots < tokens; slots++)
            {
                using var actual = layer.Compress("matching:selection=omp:drop-below=none:weight-min=1e-30:weight-max=1e30:gradient-steps=0", Ratio.Of(tokens, slots));
                var now = RandomLayer.Kept(actual, 0);
                var left = naive.MassObjective(now, [.. NaiveMatching.LeastSquares(naive.Exponentials(now), naive.Mass).Select(weight => Math.Log(Math.Max(weight, 1e-30)))]);
                var isClamped = Slots(actual, 0).Bias.Any(log => log < -60);

                Assert.Empty(kept.Except(now));
                if (!isClamped) Assert.InRange(naive.MassObjective(now, Slots(actual, 0).Bias), 0, (before * 1.0001) + 1e-10);
                (before, kept) = (isClamped ? double.PositiveInfinity : left, now);
            }
        }, iter: 40, threads: 1);

    [Fact]
    public void Light_keys_are_dropped_and_the_weights_of_the_others_stay()
    {
        using var scope = NewDisposeScope();
        var layer = new RandomLayer(3, 2, 40, 5);
        var spec = MethodSpec.Parse("matching:drop-below=1");

        using var all = layer.Compress("matching", Ratio.Of(2));
        using var heavy = layer.Compress(spec.Typed, Ratio.Of(2));

        Assert.True(heavy.Slots < all.Slots);
        for (var h = 0; h < 3; h++)
        {
            var stay = Slots(all, h).Bias.Select((bias, slot) => (bias, Token: RandomLayer.Kept(all, h)[slot])).Where(slot => slot.bias >= 0).ToArray();
            Assert.Equal(stay.Select(slot => slot.Token), RandomLayer.Kept(heavy, h));
            Assert.InRange(PlainNumbers.Distance(stay.Select(slot => slot.bias).ToArray(), Slots(heavy, h).Bias), 0, 1e-6);
        }
        using var compressor = spec.Create();
        Assert.All(compressor.Plan(layer.Plan(Ratio.Of(2))).Layers, budget => Assert.Equal(BudgetRule.AtMost, budget.Rule));
    }

    [Fact]
    public void One_key_stays_where_all_are_light()
    {
        using var scope = NewDisposeScope();
        var layer = new RandomLayer(2, 1, 20, 5);

        using var heavy = layer.Compress("matching:drop-below=1000", Ratio.Of(2));

        Assert.Equal((1, 1), (heavy.Length(0, 0), heavy.Length(0, 1)));
    }

    [Fact]
    public void Equal_keys_are_fitted_without_a_ridge_too()
    {
        using var scope = NewDisposeScope();
        var layer = new RandomLayer(1, 2, 12, 3);
        Tensor Twice(double[][] rows) => tensor(rows.Concat(rows).SelectMany(row => row).Select(number => (float)number).ToArray(), 1, 2 * rows.Length, rows[0].Length);
        var (keys, values) = (Twice(layer.Keys[0]), Twice(layer.Values[0]));
        var queries = cat([Twice(layer.Queries[0]), Twice(layer.Queries[1])]);
        var context = RandomLayer.Of(layer.Config, queries, keys, values);
        var naive = new NaiveMatching([.. PlainNumbers.Heads(queries).SelectMany(head => head)], PlainNumbers.Heads(keys)[0], PlainNumbers.Heads(values)[0]);

        using var actual = RandomLayer.Compress(MethodSpec.Parse("matching:ridge=0"), context, Ratio.Of(24, 23));

        var (bias, slotValues) = Slots(actual, 0);
        Assert.InRange(naive.MassObjective(RandomLayer.Kept(actual, 0), bias), 0, 1e-6);
        Assert.InRange(naive.OutputObjective(RandomLayer.Kept(actual, 0), bias, slotValues), 0, 1e-6);
    }

    [Theory]
    [InlineData("isotropic")]
    [InlineData("gaussian")]
    public void Drawn_probes_follow_the_seed_and_the_layer_whatever_was_drawn_before(string probes)
    {
        using var scope = NewDisposeScope();
        var layer = new RandomLayer(2, 2, 30, 5);
        var queries = tensor(layer.Queries.SelectMany(head => head).SelectMany(row => row).Select(number => (float)number).ToArray(), 4, 30, 6);
        LayerContext At(int index) => new()
        {
            Layer = index, Config = layer.Config, Rotary = new RotaryEmbedding(layer.Config), Queries = queries, PreRopeQueries = queries,
            Keys = Rows(layer.Keys), Values = Rows(layer.Values),
        };
        double[] Values(int seed, params int[] layers)
        {
            using var compressor = MethodSpec.Parse($"matching:probes={probes}", seed).Create();
            var budget = compressor.Plan(layer.Plan(Ratio.Of(3))).Layers[0];
            var made = layers.Select(index => compressor.Compress(At(index), budget)).ToList();
            var last = PlainNumbers.Of(made[^1].Values);
            foreach (var one in made) one.Dispose();
            return last;
        }

        Assert.Equal(Values(1, 0), Values(1, 4, 2, 0));
        Assert.NotEqual(Values(1, 0), Values(2, 0));
        Assert.NotEqual(Values(1, 0), Values(1, 1));
    }

    [Fact]
    public void Isotropic_probes_are_as_long_as_the_queries_of_their_head()
    {
        using var scope = NewDisposeScope();
        using var probes = new MatchingProbes("isotropic", 3);
        var queries = randn(4, 500, 6) * tensor(new float[] { 1, 2, 5, 9 }).view(4, 1, 1);

        var drawn = probes.Of(Context(queries, zeros(2, 500, 6), zeros(2, 500, 6))).view(4, 500, 6);

        var (wanted, found) = (PlainNumbers.Of(queries.norm(-1).mean([-1])), PlainNumbers.Of(drawn.norm(-1).mean([-1])));
        for (var h = 0; h < 4; h++) Assert.InRange(found[h] / wanted[h], 0.9, 1.1);
    }

    [Fact]
    public void Repeat_matches_the_queries_of_the_pass_that_repeats_the_prompt()
    {
        using var model = TinyModels.Load(TinyModels.Gqa with { Layers = 2 });
        var (ids, prompt) = (TinyModels.Prompt(24, 3), new KvZipPrompt([91, 92], [93], [90]));
        using var repeating = (AttentionMatching)MethodSpec.Parse("matching:probes=repeat").Create();
        repeating.Prompt = prompt;
        using var plain = MethodSpec.Parse("matching").Create();
        List<Tensor> queries = [];
        var checkedLayers = 0;

        using var run = PromptCompression.Run(model, ids, [new CompressionJob(repeating, Ratio.Of(3))
        {
            OnLayer = (layer, budget, made) =>
            {
                if (queries.Count == 0) Fill();
                using var expected = plain.Compress(new LayerContext { Layer = layer.Layer, Config = layer.Config, Rotary = layer.Rotary, Keys = layer.Keys, Values = layer.Values, Queries = queries[layer.Layer] }, budget);
                Assert.Equal(expected.Positions.ToArray(), made.Positions.ToArray());
                Assert.InRange(PlainNumbers.Distance(expected.Bias!, made.Bias!), 0, 1e-6);
                checkedLayers++;
            },
        }], cancel: TestContext.Current.CancellationToken);

        Assert.Equal(2, checkedLayers);
        foreach (var tensor in queries) tensor.Dispose();

        void Fill()
        {
            using var scope = NewDisposeScope();
            using var dense = model.NewCache(1);
            model.RunFrozen(TinyModels.Row(ids), dense);
            new PromptAccess(model, dense, ids, null).RunBehindPrompt([91, 92, 90, .. ids], (_, asked, _) => queries.Add(asked.clone().DetachFromDisposeScope()));
        }
    }

    [Theory]
    [InlineData("matching:weight-min=0")]
    [InlineData("matching:weight-min=2:weight-max=1")]
    [InlineData("matching:selection=omp:weight-max=1e-13")]
    public void Bounds_that_leave_no_weight_are_refused(string method) =>
        Assert.Contains("weight-min", Assert.Throws<UsageException>(() => MethodSpec.Parse(method).Create()).Message);

    [Fact]
    public void Says_what_is_missing_without_a_tokenizer()
    {
        using var model = TinyModels.Load(TinyModels.Mha);
        using var compressor = MethodSpec.Parse("matching:probes=repeat").Create();

        var failure = Assert.Throws<CompressionException>(() => PromptCompression.Run(model, TinyModels.Prompt(20, 1), [new CompressionJob(compressor, Ratio.Of(2))],
            cancel: TestContext.Current.CancellationToken));

        Assert.Contains("'attention-matching' writes a prompt of its own and needs the model's tokenizer", failure.Message);
    }

    private static void AssertNoWorse(double reference, double found) => Assert.True(found <= (1.01 * reference) + 1e-10, $"{found} where the steps in double reach {reference}");

    private static NaiveMatching Naive(RandomLayer layer, int head)
    {
        var group = layer.Config.GroupSize;
        return new NaiveMatching([.. layer.Queries.Skip(head * group).Take(group).SelectMany(rows => rows)], layer.Keys[head], layer.Values[head]);
    }

    private static (double[] Bias, double[][] Values) Slots(CompressedLayer layer, int head)
    {
        var (start, length, width) = (layer.Offsets[head], layer.Length(0, head), (int)layer.Values.shape[1]);
        var (bias, values) = (layer.Bias is null ? new double[layer.Slots] : PlainNumbers.Of(layer.Bias), PlainNumbers.Of(layer.Values));
        return (bias[start..(start + length)], [.. Enumerable.Range(start, length).Select(row => PlainNumbers.Row(values, row, width).ToArray())]);
    }

    private static Tensor Rows(double[][][] heads) =>
        tensor(heads.SelectMany(head => head).SelectMany(row => row).Select(number => (float)number).ToArray(), heads.Length, heads[0].Length, heads[0][0].Length);

    private static LayerContext Context(Tensor queries, Tensor keys, Tensor values) =>
        RandomLayer.Of(TinyModels.Mha with { Layers = 1, QueryHeads = (int)queries.shape[0], KeyValueHeads = (int)keys.shape[0], HeadDim = (int)keys.shape[2] }, queries, keys, values);
}
