using LST.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace LST.Core.Tests.Training;

/// <summary>What the removal of a token costs, against softmaxes in double that have it and do not.</summary>
public class RemovalCostsTests
{
    private const int Tokens = 31, Suffix = 7, Dim = 6, Heads = 2;

    public static MatrixTheoryData<int, int> Cases { get; } = new([1, 3], [0, 1, 12, 30, 100]);

    [Theory, MemberData(nameof(Cases))]
    public void Equal_the_first_order_formula(int group, int slidingWindow)
    {
        using var scope = NewDisposeScope();
        var layer = new Case(group, slidingWindow == 0 ? null : slidingWindow, spread: 1.2);

        var found = layer.Costs();
        var expected = layer.Naive(reallyRemove: false);

        for (var i = 0; i < expected.Length; i++) Assert.True(Math.Abs(found[i] - expected[i]) <= 1e-7 + 1e-5 * expected[i], $"{i}: {found[i]} for {expected[i]}");
    }

    [Theory, MemberData(nameof(Cases))]
    public void Are_those_of_really_removing_tokens_that_are_hardly_read(int group, int slidingWindow)
    {
        // Windows of so few tokens read each of them much.
        if (slidingWindow is 1 or 12) slidingWindow += 20;
        using var scope = NewDisposeScope();
        var layer = new Case(group, slidingWindow == 0 ? null : slidingWindow, spread: 0.3);

        var found = layer.Costs();
        var expected = layer.Naive(reallyRemove: true);

        // Shares of some 1/31: the exact move is 1 / (1 − p) times as large, the cost its square.
        for (var i = 0; i < expected.Length; i++) Assert.True(found[i] <= expected[i] * 1.02 + 1e-9 && found[i] >= expected[i] * 0.75 - 1e-9, $"{i}: {found[i]} for {expected[i]}");
    }

    [Fact]
    public void Tokens_that_no_query_sees_cost_nothing()
    {
        using var scope = NewDisposeScope();
        var layer = new Case(group: 3, window: 5, spread: 1);

        var found = layer.Costs();

        // The first query sees the last four tokens and itself.
        for (var h = 0; h < Heads; h++)
            for (var j = 0; j < Tokens; j++)
                if (j < Tokens - 4) Assert.Equal(0, found[h * Tokens + j]);
                else Assert.True(found[h * Tokens + j] > 0);
    }

    [Fact]
    public void Nothing_but_the_costs_is_left_behind()
    {
        using var scope = NewDisposeScope();
        var layer = new Case(group: 2, window: null, spread: 1);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        layer.Costs();

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private sealed class Case
    {
        private readonly Tensor keys, values;
        private readonly LayerContribution layer;
        private readonly int group;
        private readonly int? window;

        public Case(int group, int? window, double spread)
        {
            (this.group, this.window) = (group, window);
            using var generator = new Generator(5, CPU);
            Tensor Draw(int count, int rows, double by) => randn([count, rows, Dim], float32, generator: generator) * by;
            (keys, values) = (Draw(Heads, Tokens, spread), Draw(Heads, Tokens, 1));
            layer = new LayerContribution(Draw(Heads * group, Suffix, spread), Draw(Heads, Suffix, spread), Draw(Heads, Suffix, 1), Draw(Heads * group, Suffix, 1));
        }

        public double[] Costs()
        {
            using var costs = RemovalCosts.Of(layer, keys, values, window);
            Assert.Equal([Heads, Tokens], costs.shape);
            Assert.Equal(float32, costs.dtype);
            return PlainNumbers.Of(costs);
        }

        public double[] Naive(bool reallyRemove)
        {
            var (k, v) = (PlainNumbers.Heads(cat([keys, layer.Keys], 1)), PlainNumbers.Heads(cat([values, layer.Values], 1)));
            var (queries, gradients) = (PlainNumbers.Heads(layer.Queries), PlainNumbers.Heads(layer.Gradients));
            double Cost(int h, int j) => Enumerable.Range(0, Suffix).Average(row =>
            {
                var moved = Enumerable.Range(h * group, group).Sum(q => Move(k[h], v[h], queries[q][row], gradients[q][row], row, j, reallyRemove));
                return moved * moved / 2;
            });
            return [.. Enumerable.Range(0, Heads).SelectMany(h => Enumerable.Range(0, Tokens).Select(j => Cost(h, j)))];
        }

        // How far g · o moves without token j.
        private double Move(double[][] k, double[][] v, double[] query, double[] gradient, int row, int j, bool reallyRemove)
        {
            var seen = Enumerable.Range(0, Tokens + row + 1).Where(t => window is null || Tokens + row - t < window).ToList();
            var shares = seen.ToDictionary(t => t, t => Math.Exp(PlainNumbers.Dot(query, k[t]) / Math.Sqrt(Dim)));
            var along = seen.ToDictionary(t => t, t => PlainNumbers.Dot(gradient, v[t]));
            double Read(IEnumerable<int> of) => of.Sum(t => shares[t] * along[t]) / of.Sum(t => shares[t]);
            if (!shares.TryGetValue(j, out var share)) return 0;
            return reallyRemove ? Read(seen.Where(t => t != j)) - Read(seen) : share / shares.Values.Sum() * (Read(seen) - along[j]);
        }
    }
}
