using LST.Core.Caching;
using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using LST.Core.Tests.Sidecar;
using LST.Core.Training;
using static TorchSharp.torch;

namespace LST.Core.Tests.Training.Budgets;

/// <summary>What a compressed prefix changes of what a group of query heads reads, against plain loops.</summary>
public class HeadProbeTests
{
    private const int Tokens = 37, Suffix = 9, Count = 5, Dim = 6;

    public static MatrixTheoryData<int, int, string> Cases { get; } = new([1, 3], [0, 12, 30], ["9 2 3", "20 4 0", "2 1 0", "30 4 25", "5 0 2"]);

    [Theory, MemberData(nameof(Cases))]
    public void Equals_the_formula(int group, int slidingWindow, string slots)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var layer = new Case(2, group, seed: 3);
        int[] n = [.. slots.Split(' ').Select(int.Parse)];
        int? window = slidingWindow == 0 ? null : slidingWindow;

        AssertEqual(layer, WindowPlan.MakeWide(Tokens, n[0], n[1], n[2])!, window);
    }

    [Fact]
    public void Stays_exact_where_a_token_that_is_dropped_was_all_that_mattered()
    {
        using var scope = NewDisposeScope();
        var layer = new Case(2, 1, seed: 4);
        // Some 200 above every other logit: e⁻²⁰⁰ is nothing in float32.
        layer.Keys[0, 17] = layer.Contribution.Queries[0, 0] * (200 * Math.Sqrt(Dim) / layer.Contribution.Queries[0, 0].square().sum().item<float>());

        AssertEqual(layer, WindowPlan.MakeWide(Tokens, 9, 2, 3)!, null);
    }

    [Fact]
    public void A_dense_layer_loses_nothing()
    {
        using var scope = NewDisposeScope();
        var layer = new Case(2, 3, seed: 5);
        // A slot a token but for one window of two, which are alike.
        var plan = WindowPlan.MakeWide(Tokens, Tokens - 1, 2, Tokens - 4)!;
        Assert.Equal([(2, 2)], plan.Windows);
        foreach (var rows in new[] { layer.Keys, layer.Values }) rows.select(1, 3).copy_(rows.select(1, 2));

        Assert.All(layer.Loss(plan, null), lost => Assert.InRange(lost, 0, 1e-10));
    }

    private static void AssertEqual(Case layer, WindowPlan plan, int? window)
    {
        var found = layer.Loss(plan, window);
        var expected = layer.Naive(plan, window);

        var packed = layer.PackedLoss(plan, window);

        for (var h = 0; h < expected.Length; h++)
        {
            Assert.InRange(Math.Abs(found[h] - expected[h]), 0, 1e-4 * expected[h] + 1e-9);
            Assert.InRange(Math.Abs(packed[h] - expected[h]), 0, 1e-4 * expected[h] + 1e-9);
        }
    }

    private sealed class Case
    {
        private readonly int heads, group;

        public Case(int heads, int group, int seed)
        {
            (this.heads, this.group) = (heads, group);
            using var generator = new Generator((ulong)seed, CPU);
            Tensor Draw(int count, int rows) => randn([count, rows, Dim], float32, generator: generator) * 1.5;
            (Keys, Values) = (Draw(heads, Tokens), Draw(heads, Tokens));
            Contribution = new LayerContribution(Draw(heads * group, Suffix), Draw(heads, Suffix), Draw(heads, Suffix), Draw(heads * group, Suffix));
        }

        public Tensor Keys { get; }

        public Tensor Values { get; }

        public LayerContribution Contribution { get; }

        public double[] Loss(WindowPlan plan, int? window)
        {
            var config = WindowPlanTests.Config(6, 1);
            using var wide = new WideWindows(new WindowLayout(config, [.. Enumerable.Repeat(plan, heads)], Tokens), new RotaryEmbedding(TinyModels.Mha with { HeadDim = Dim }), CPU);
            return new HeadProbe(Contribution, Keys, Values, Count, window).Loss(plan.Sinks, plan.Recent, wide.Means(Keys).view(heads, -1, Dim), wide.Means(Values).view(heads, -1, Dim), wide);
        }

        // The same slots as any compressor gives them.
        public double[] PackedLoss(WindowPlan plan, int? window)
        {
            using var scope = NewDisposeScope();
            var (recent, windows) = (Tokens - plan.Recent, plan.Windows);
            Tensor Rows(Tensor dense) => cat([dense.narrow(1, 0, plan.Sinks), .. windows.Select(w => dense.narrow(1, w.First, w.Count).mean([1], keepdim: true)), dense.narrow(1, recent, plan.Recent)], 1).reshape(-1, Dim);
            int[] positions = [.. Enumerable.Range(0, plan.Sinks), .. windows.Select(w => w.First + (w.Count - 1) / 2), .. Enumerable.Range(recent, plan.Recent)];
            var bias = cat([zeros(plan.Sinks), tensor(windows.Select(w => (float)Math.Log(w.Count)).ToArray()), zeros(plan.Recent)], 0).repeat(heads);
            using var packed = new CompressedLayer(1, heads, Rows(Keys), Rows(Values), [.. Enumerable.Range(0, heads + 1).Select(h => h * plan.Slots)], [.. Enumerable.Repeat(positions, heads).SelectMany(p => p)], bias);
            return new HeadProbe(Contribution, Keys, Values, Count, window).Loss(packed);
        }

        public double[] Naive(WindowPlan plan, int? window)
        {
            var (keys, values) = (PlainNumbers.Heads(Keys), PlainNumbers.Heads(Values));
            var (queries, gradients) = (PlainNumbers.Heads(Contribution.Queries), PlainNumbers.Heads(Contribution.Gradients));
            var (ownKeys, ownValues) = (PlainNumbers.Heads(Contribution.Keys), PlainNumbers.Heads(Contribution.Values));
            double[] Mean(double[][] rows, int first, int count) => [.. Enumerable.Range(0, Dim).Select(d => rows.Skip(first).Take(count).Average(row => row[d]))];
            return [.. Enumerable.Range(0, heads).Select(h =>
            {
                Slot Token(int t) => new(keys[h][t], values[h][t], 0, t);
                var own = Enumerable.Range(0, Suffix).Select(t => new Slot(ownKeys[h][t], ownValues[h][t], 0, Tokens + t)).ToList();
                List<Slot> dense = [.. Enumerable.Range(0, Tokens).Select(Token), .. own];
                List<Slot> kept = [.. Enumerable.Range(0, plan.Sinks).Select(Token),
                    .. plan.Windows.Select(w => new Slot(Mean(keys[h], w.First, w.Count), Mean(values[h], w.First, w.Count), Math.Log(w.Count), w.First + (w.Count - 1) / 2)),
                    .. Enumerable.Range(Tokens - plan.Recent, plan.Recent).Select(Token), .. own];
                return Enumerable.Range(0, Count).Select(i => i * Suffix / Count).Average(row =>
                {
                    var moved = Enumerable.Range(h * group, group).Sum(q => Read(kept, queries[q][row], gradients[q][row], row, window) - Read(dense, queries[q][row], gradients[q][row], row, window));
                    return moved * moved / 2;
                });
            })];
        }

        // g · Σ p_j v_j over what the query at this row sees.
        private static double Read(List<Slot> slots, double[] query, double[] gradient, int row, int? window)
        {
            var seen = slots.Where(slot => slot.Position <= Tokens + row && (window is null || Tokens + row - slot.Position < window)).ToList();
            var logits = seen.Select(slot => PlainNumbers.Dot(query, slot.Key) / Math.Sqrt(Dim) + slot.Bias).ToList();
            var weights = logits.Select(logit => Math.Exp(logit - logits.Max())).ToList();
            return seen.Zip(weights, (slot, weight) => weight * PlainNumbers.Dot(gradient, slot.Value)).Sum() / weights.Sum();
        }

        private sealed record Slot(double[] Key, double[] Value, double Bias, int Position);
    }
}
