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

    private static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(number => number.GetDouble())];

    private static IEnumerable<(JsonElement Inputs, JsonElement Expected)> Lines(string rule)
    {
        var lines = File.ReadLines(Shared.Require("goldens/presses/rules.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.GetProperty("rule").GetString() == rule).Select(line => (line.GetProperty("inputs"), line.GetProperty("expected"))).ToList();
        Assert.NotEmpty(lines);
        return lines;
    }
}
