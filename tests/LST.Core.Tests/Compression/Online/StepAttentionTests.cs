using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Compression.Online;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Compression.Online;

/// <summary>What methods that rank by attention see of a step.</summary>
public class StepAttentionTests
{
    [Theory]
    [InlineData(1, null)]
    [InlineData(5, null)]
    [InlineData(5, 12)]
    public void Weights_are_those_of_attention_written_out(int tokens, int? window)
    {
        using var scope = NewDisposeScope();
        var normal = new NormalNumbers(4);
        int[] lengths = [6, 3, 4, 7];
        long[] seen = [30, 25];
        int[] offsets = [0, 6, 9, 13, 20];
        var positions = lengths.SelectMany((length, i) => Enumerable.Range(0, length).Select(j => (j * 3) + (i / 2))).ToArray();
        var prefix = new CompressedLayer(2, 2, tensor(normal.Array(20 * 4), 20, 4), tensor(normal.Array(20 * 4), 20, 4), offsets, positions, tensor(normal.Array(20)));
        using var layer = new LayerCache(new DenseTail(2, 2, 4, float32, CPU, 3));
        layer.Replace(prefix.Detached());
        layer.Tail.Append(tensor(normal.Array(2 * 2 * 8 * 4), 2, 2, 8, 4), tensor(normal.Array(2 * 2 * 8 * 4), 2, 2, 8, 4));
        var queries = tensor(normal.Array(2L * 6 * tokens * 4), 2, 6, tokens, 4) * 2;
        using var attention = new StepAttention(queries, layer, seen, window);

        var rows = attention.Rows;

        Assert.Equal([2, 2, tokens, 7 + 8], rows.shape);
        var (q, k, bias) = (PlainNumbers.Of(queries), PlainNumbers.Of(prefix.Keys), PlainNumbers.Of(prefix.Bias!));
        var tail = PlainNumbers.Of(layer.Tail.Joined().Keys);
        var actual = PlainNumbers.Of(rows);
        for (var b = 0; b < 2; b++)
            for (var h = 0; h < 2; h++)
                for (var s = 0; s < tokens; s++)
                {
                    var expected = new double[15];
                    var at = seen[b] - tokens + s;
                    bool Visible(long position) => position <= at && (window is null || at - position < window);
                    for (var g = 0; g < 3; g++)
                    {
                        var query = PlainNumbers.Row(q, (((b * 6) + (h * 3) + g) * tokens) + s, 4).ToArray();
                        var logits = Enumerable.Range(0, 15).Select(j => j < 7
                            ? j < lengths[(b * 2) + h] && Visible(positions[offsets[(b * 2) + h] + j]) ? (PlainNumbers.Dot(query, PlainNumbers.Row(k, offsets[(b * 2) + h] + j, 4)) / 2) + bias[offsets[(b * 2) + h] + j] : double.NegativeInfinity
                            : Visible(seen[b] - 8 + (j - 7)) ? PlainNumbers.Dot(query, PlainNumbers.Row(tail, (((b * 2) + h) * 8) + j - 7, 4)) / 2 : double.NegativeInfinity).ToArray();
                        var mass = logits.Sum(Math.Exp);
                        for (var j = 0; j < 15; j++) expected[j] += Math.Exp(logits[j]) / mass / 3;
                    }
                    Assert.InRange(PlainNumbers.Distance(expected, PlainNumbers.Row(actual, (((b * 2) + h) * tokens) + s, 15)), 0, 1e-5);
                }
    }

    [Fact]
    public void A_method_that_asks_for_it_gets_every_layer_of_every_step_and_others_get_none()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var watching = new Watching();
        using var online = OnlineCompression.Empty(model, watching, Ratio.Of(2));
        Assert.False(online.ReadsCacheAlone);

        foreach (var portion in new[] { 9, 1, 4 }) online.Step(TinyModels.Row(TinyModels.Prompt(portion, portion)));

        Assert.Equal(Enumerable.Range(0, 9).Select(i => i % 3), watching.Steps.Select(step => step.Layer));
        Assert.Equal([9, 1, 4], watching.Steps.Where(step => step.Layer == 0).Select(step => step.Rows));
        Assert.All(watching.Steps, step => Assert.Equal(step.Rows * 2, step.Mass, 1e-3));
        Assert.Throws<InvalidOperationException>(() => online.Compress());
        Assert.Throws<InvalidOperationException>(() => new OnlineStep(0, online.Cache.Layers[0], Array.Empty<long>(), 1, null).RequireAttention());
    }

    /// <summary>Mean pooling that looks at the attention of each step.</summary>
    private sealed class Watching : IOnlineCompressor
    {
        private readonly IOnlineCompressor inner = (IOnlineCompressor)MethodSpec.Parse("mean").Create();

        public List<(int Layer, long Rows, float Mass)> Steps { get; } = [];

        public CompressorNeeds Needs => inner.Needs;

        public OnlineNeeds OnlineNeeds => OnlineNeeds.Attention;

        public IOnlinePlan PlanOnline(OnlineBudget budget) => inner.PlanOnline(budget);

        public IReadOnlyList<IOnlineLayer> Begin(OnlineStart start) => [.. inner.Begin(start).Select(layer => new WatchingLayer(layer, this))];

        public BudgetPlan Plan(PlanContext context) => inner.Plan(context);

        public CompressedLayer Compress(LayerContext layer, LayerBudget budget) => inner.Compress(layer, budget);

        public void Dispose() => inner.Dispose();

        private sealed class WatchingLayer(IOnlineLayer inner, Watching owner) : IOnlineLayer
        {
            public long Bytes => inner.Bytes;

            public void OnStep(OnlineStep step)
            {
                var rows = step.RequireAttention().Rows;
                Assert.Equal((step.Cache.Prefix?.LongestLength ?? 0) + step.Cache.Tail.Length, rows.shape[3]);
                owner.Steps.Add((step.Layer, rows.shape[2], rows.sum().item<float>()));
                inner.OnStep(step);
            }

            public long PlannedSlots(int sample, int head, long arrived) => inner.PlannedSlots(sample, head, arrived);

            public void Dispose() => inner.Dispose();
        }
    }
}
