using System.Text.Json;
using LST.Core.Baselines;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Tests.Baselines;

/// <summary>Tables of the integer rules, as reference programs computed them.</summary>
public class GoldenRuleTests
{
    [Fact]
    public void Budgets_are_the_clamped_floor()
    {
        foreach (var (inputs, expected) in Lines("budget"))
        {
            var (tokens, ratio) = (inputs.GetProperty("T").GetInt32(), Ratio.Parse(inputs.GetProperty("ratio").GetString()!));
            var (sinks, recent) = (inputs.GetProperty("s").GetInt32(), inputs.GetProperty("R").GetInt32());
            var context = new PlanContext(tokens, 2, 3, ratio);

            var total = BudgetPlan.WithProtected(context, sinks + recent);

            Assert.All(total.Layers, layer => Assert.All(layer.SlotsByHead, slots => Assert.Equal(expected.GetProperty("Total").GetInt32(), slots)));
            foreach (var (budget, name) in new[] { ("total", "Total"), ("middle", "Middle") })
            {
                using var mean = MethodSpec.Parse($"mean:sinks={sinks}:recent={recent}:budget={budget}").Create();
                Assert.Equal(expected.GetProperty(name).GetInt32(), mean.Plan(context).Layers[0].SlotsByHead[0]);
            }
        }
    }

    [Fact]
    public void Groups_of_mean_pooling_are_those_of_the_tables()
    {
        foreach (var (inputs, expected) in Lines("mean pooling groups: first index, count, position"))
            foreach (var (grouping, name) in new[] { ("balanced", "Balanced"), ("fixed-window", "FixedWindow") })
            {
                var (tokens, slots) = (inputs.GetProperty("T").GetInt32(), inputs.GetProperty("n").GetInt32());
                using var mean = (MeanPooling)MethodSpec.Parse($"mean:sinks={inputs.GetProperty("s").GetInt32()}:recent={inputs.GetProperty("R").GetInt32()}:grouping={grouping}").Create();

                var runs = mean.Runs(tokens, slots, Ratio.Of(2));

                Assert.Equal(Numbers(expected.GetProperty(name).GetProperty("first")), runs.Select(run => (double)run.First));
                Assert.Equal(Numbers(expected.GetProperty(name).GetProperty("count")), runs.Select(run => (double)run.Count));
                Assert.Equal(Numbers(expected.GetProperty(name).GetProperty("position")), runs.Select(run => (double)NaiveMean.Position(run)));
            }
    }

    [Fact]
    public void Layers_of_a_pyramid_have_the_slots_of_the_tables()
    {
        foreach (var (inputs, expected) in Lines("PyramidKV slots per layer, window included"))
            Assert.Equal(Numbers(expected), Pyramid(inputs, inputs.GetProperty("L").GetInt32()).Select(slots => (double)slots));
        foreach (var (inputs, expected) in Lines("PyramidKV voted slots"))
            Assert.Equal(Numbers(expected), Pyramid(inputs, inputs.GetProperty("L").GetInt32()).Select(slots => (double)slots - inputs.GetProperty("w_obs").GetInt32()));
        foreach (var (inputs, expected) in Lines("PyramidKV ends of the line"))
        {
            var slots = Pyramid(inputs, 2).Select(slots => (double)slots - inputs.GetProperty("w_obs").GetInt32()).ToArray();
            Assert.InRange(PlainNumbers.Distance(Numbers(expected), slots), 0, 0.5);
        }
    }

    [Theory]
    [InlineData("H2O kept")]
    [InlineData("H2O ByCount kept")]
    [InlineData("TOVA kept")]
    public void Top_slots_of_given_scores(string rule)
    {
        foreach (var (inputs, expected) in Lines(rule))
        {
            using var scope = NewDisposeScope();
            var scores = Numbers(inputs.GetProperty("scores"));
            var keepLast = inputs.TryGetProperty("KeepLast", out var flag) && flag.GetBoolean();
            var recent = inputs.TryGetProperty("R", out var asked) ? asked.GetInt32() : keepLast ? 1 : 0;
            var middle = tensor(scores[..^recent]).to(float32).unsqueeze(0);

            Assert.Equal(Numbers(expected), Selection.TopWithProtected(middle, scores.Length, 0, recent, [inputs.GetProperty("n").GetInt32()])[0].Select(j => (double)j));
        }
    }

    [Fact]
    public void Column_sums_are_those_of_the_rows()
    {
        foreach (var (inputs, expected) in Lines("column sums"))
        {
            using var scope = NewDisposeScope();
            var context = AttentionRows.Context([.. inputs.GetProperty("rows").EnumerateArray().Select(Numbers)]);

            Assert.InRange(PlainNumbers.Distance(Numbers(expected), PlainNumbers.Of(context.Statistics!.ColumnSums)), 0, 1e-6);
        }
    }

    private static IEnumerable<int> Pyramid(JsonElement inputs, int layers)
    {
        var (tokens, slots) = (inputs.GetProperty("T").GetInt32(), inputs.GetProperty("n").GetInt32());
        var beta = inputs.TryGetProperty("beta", out var given) ? given.GetInt32() : 20;
        using var pyramid = MethodSpec.Parse($"pyramidkv:beta={beta}:observe={inputs.GetProperty("w_obs").GetInt32()}").Create();
        return pyramid.Plan(new PlanContext(tokens, layers, 2, Ratio.Of(tokens, slots))).Layers.Select(layer => layer.SlotsByHead.Distinct().Single());
    }

    [Fact]
    public void Values_of_evicted_tokens_are_added_as_in_the_examples_of_CaM()
    {
        foreach (var (inputs, expected) in Lines("CaM merge probabilities"))
            Assert.InRange(Tests.PlainNumbers.Distance(Numbers(expected), [.. Probabilities(inputs).Select(p => (double)p)]), 0, 1e-6);
        foreach (var (rule, gate) in new (string, Func<float[], float[]>)[] { ("M1=1", p => [1, p[1]]), ("M1=0", p => [0, p[1]]), ("Expectation", p => p) })
            foreach (var (inputs, expected) in Lines($"CaM streaming, {rule}"))
            {
                var values = Floats(inputs.GetProperty("v"));
                var (sinks, recent) = (inputs.GetProperty("s").GetInt32(), inputs.GetProperty("R").GetInt32());

                ValueAddition.Add(values, 1, [.. Enumerable.Range(sinks, values.Length - sinks - recent)], [.. Enumerable.Range(0, values.Length)], inputs.GetProperty("m").GetInt32(), gate(Probabilities(inputs)));

                Assert.InRange(Tests.PlainNumbers.Distance(Numbers(expected), [.. values[..sinks].Concat(values[^recent..]).Select(value => (double)value)]), 0, 1e-6);
            }
    }

    [Fact]
    public void Values_of_dropped_keys_are_folded_as_in_the_examples_of_WeightedKV()
    {
        foreach (var (inputs, expected, isSequential) in Lines("WeightedKV Sequential").Select(line => (line.Inputs, line.Expected, true)).Concat(Lines("WeightedKV SegmentMean").Select(line => (line.Inputs, line.Expected, false))))
        {
            var (values, average) = (Floats(inputs.GetProperty("v")), Floats(inputs.GetProperty("a")));
            // The second example names the value of its last slot alone.
            var (isWhole, last) = (expected.ValueKind == JsonValueKind.Array, values.Length - 1);
            int[] kept = isWhole ? [.. Numbers(expected[0]).Select(j => (int)j)] : [0, last];

            if (isSequential) ValueFolding.Sequential(values, 1, average, kept);
            else ValueFolding.SegmentMeans(values, 1, average, kept);

            Assert.InRange(Tests.PlainNumbers.Distance(isWhole ? Numbers(expected[1]) : [expected.GetDouble()], [.. (isWhole ? kept : [last]).Select(j => (double)values[j])]), 0, 1e-6);
        }
    }

    [Fact]
    public void Runs_of_keys_are_merged_as_in_the_examples_of_KVMerger()
    {
        var (keys, sums) = Lines("KVMerger keys").Select(line => (line.Inputs.GetProperty("k"), line.Inputs.GetProperty("colsum"))).Single();
        float[] rows = [.. keys.EnumerateArray().SelectMany(Floats)];
        var values = Floats(Lines("KVMerger values").Single().Inputs.GetProperty("v"));
        var runs = Lines("KVMerger clusters").Single().Expected.EnumerateArray().Select(run => (run[0].GetInt32(), run.GetArrayLength())).ToList();
        int[] pivots = [.. runs.Select(run => PivotMerge.Pivot(Floats(sums), run))];

        Assert.Equal(Numbers(Lines("KVMerger pivots").Single().Expected), pivots.Select(j => (double)j));
        var cosines = Numbers(Lines("cosines of neighbours").Single().Expected);
        var joined = new bool[cosines.Length];
        NeighbourRuns.Join([.. Enumerable.Range(0, cosines.Length).OrderByDescending(j => cosines[j])], new bool[values.Length], 2, 64, joined);
        Assert.Equal(runs, NeighbourRuns.Of(joined));
        for (var i = 0; i < 2; i++)
        {
            var (key, value) = (new float[2], new float[1]);
            var weights = PivotMerge.Weights(rows, 2, runs[i], pivots[i], 1);
            PivotMerge.Sum(key, rows, runs[i], weights);
            PivotMerge.Sum(value, values, runs[i], weights);
            Assert.InRange(Tests.PlainNumbers.Distance(Numbers(Lines("KVMerger keys").Single().Expected[i]), [key[0], key[1]]), 0, 1e-6);
            Assert.Equal(Lines("KVMerger values").Single().Expected[i].GetDouble(), value[0], 1e-6);
        }
    }

    [Fact]
    public void Protection_of_KVMerger_is_capped_as_in_the_tables()
    {
        foreach (var (inputs, expected) in Lines("KVMerger protection after the cap"))
        {
            using var merger = (KvMerger)MethodSpec.Parse($"kvmerger:sinks={inputs.GetProperty("s").GetInt32()}").Create();

            var (_, recent, heavy) = merger.Protection(inputs.GetProperty("T").GetInt32(), inputs.GetProperty("n").GetInt32(), Ratio.Parse(inputs.GetProperty("ratio").GetString()!));

            Assert.Equal((expected.GetProperty("R").GetInt32(), expected.GetProperty("n_heavy").GetInt32()), (recent, heavy));
        }
    }

    private static float[] Probabilities(JsonElement inputs)
    {
        var sums = Floats(inputs.GetProperty("a"));
        var (sinks, recent) = (inputs.GetProperty("s").GetInt32(), inputs.GetProperty("R").GetInt32());
        var probabilities = new float[sums.Length - sinks - recent];
        ValueAddition.Probabilities(sums, [.. Enumerable.Range(sinks, probabilities.Length)], [.. Enumerable.Range(0, sums.Length)], inputs.GetProperty("m").GetInt32(), false, probabilities);
        return probabilities;
    }

    private static float[] Floats(JsonElement array) => [.. Numbers(array).Select(number => (float)number)];

    private static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(number => number.GetDouble())];

    private static IEnumerable<(JsonElement Inputs, JsonElement Expected)> Lines(string rule)
    {
        var lines = File.ReadLines(Shared.Require("goldens/presses/rules.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.GetProperty("rule").GetString() == rule).Select(line => (line.GetProperty("inputs"), line.GetProperty("expected"))).ToList();
        Assert.NotEmpty(lines);
        return lines;
    }
}
