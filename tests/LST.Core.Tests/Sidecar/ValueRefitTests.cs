using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Sidecar;

/// <summary>The closed-form refit of values against a solve in double.</summary>
public class ValueRefitTests
{
    private static readonly ModelConfig Shape = TinyModels.Mha with { Layers = 1, KeyValueHeads = 3, QueryHeads = 6, HeadDim = 6 };

    [Theory, InlineData(0.01), InlineData(1), InlineData(10)]
    public void Equals_a_ridge_regression_in_double(double strength)
    {
        foreach (var m in new[] { 1, 2 })
        {
            using var scope = NewDisposeScope();
            using var noGradients = no_grad();
            var x = new Case(m, [14, 12, 23]);

            var refitted = x.Refit(strength);

            for (var h = 0; h < 3; h++)
            {
                var held = PlainNumbers.Heads(x.Layer.Values.narrow(0, x.Layer.Offsets[h], x.Layer.Length(0, h)).unsqueeze(0))[0];
                var keys = PlainNumbers.Heads(x.Layer.Keys.narrow(0, x.Layer.Offsets[h], held.Length).unsqueeze(0))[0];
                var bias = PlainNumbers.Of(x.Layer.Bias!.narrow(0, x.Layer.Offsets[h], held.Length));
                var expected = x.Batch.Plans[h] is { } plan ? x.Naive(h).Refit(keys, held, bias, plan, strength) : held;
                var actual = PlainNumbers.Heads(refitted.Values.narrow(0, x.Layer.Offsets[h], held.Length).unsqueeze(0))[0];
                Assert.InRange(PlainNumbers.Distance(expected.SelectMany(row => row).ToArray(), actual.SelectMany(row => row).ToArray()), 0, 1e-4);
            }
            Assert.Equal(PlainNumbers.Bits(x.Layer.Keys), PlainNumbers.Bits(refitted.Keys));
            Assert.Equal(PlainNumbers.Bits(x.Layer.Bias!), PlainNumbers.Bits(refitted.Bias!));
            Assert.Equal(x.Layer.Positions.ToArray(), refitted.Positions.ToArray());
            Assert.Equal(x.Layer.Counts, refitted.Counts);
        }
    }

    [Fact]
    public void Sinks_and_recents_keep_their_values_and_super_tokens_do_not()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var x = new Case(1, [14, 12, 10]);

        var refitted = x.Refit(0.1);

        for (var h = 0; h < 3; h++)
            for (var i = 0; i < x.Layer.Length(0, h); i++)
            {
                var (plan, row) = (x.Batch.Plans[h]!, x.Layer.Offsets[h] + i);
                Assert.Equal(i < plan.Sinks || i >= plan.Slots - plan.Recent, PlainNumbers.Bits(x.Layer.Values[row]).SequenceEqual(PlainNumbers.Bits(refitted.Values[row])));
            }
    }

    [Fact]
    public void An_endless_ridge_leaves_the_values()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var x = new Case(1, [14, 12, 23]);

        Assert.InRange(PlainNumbers.Distance(x.Layer.Values, x.Refit(1e9).Values), 0, 1e-6);
    }

    [Fact]
    public void Lowers_the_error_of_attention_on_its_probes()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var x = new Case(1, [14, 12, 10]);

        var errors = new[] { x.Layer, x.Refit(1), x.Refit(0.01) }.Select(x.Error).ToArray();

        Assert.True(errors[0] > errors[1] && errors[1] > errors[2], string.Join(", ", errors));
    }

    [Fact]
    public void Finds_the_values_where_super_tokens_can_say_all()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        // Equal tokens inside every window: their common key with the log of their number loses nothing, given the common value.
        var config = RandomSidecar.Config(SidecarNetwork.Trunk, Shape) with { KeySpace = KeySpace.PostRope, Bias = SlotBias.LogMass };
        using var sidecar = SidecarModule.Untrained(config);
        var plan = WindowPlan.Make(config, 23, 12, 2, 3)!;
        using var batch = new WindowBatch(config, [plan, plan, plan], 23, new RotaryEmbedding(Shape), CPU);
        var leaders = tensor(Enumerable.Range(0, 23).Select(t => plan.Windows.Where(w => t >= w.First && t < w.First + w.Count).Select(w => (long)w.First).FirstOrDefault(t)).ToArray());
        var dense = RandomContext.Of(Shape, 23, 6);
        var (keys, values) = (dense.Keys.index_select(1, leaders), dense.Values.index_select(1, leaders));
        var exact = sidecar.Compress(0, keys, values, batch).Packed(keys, values, batch);
        var wrong = new CompressedLayer(1, 3, exact.Keys, exact.Values.clone(), exact.Offsets.ToArray(), exact.Positions.ToArray(), exact.Bias, exact.Counts);
        for (var h = 0; h < 3; h++) wrong.Values.narrow(0, wrong.Offsets[h] + plan.Sinks, plan.Windows.Count).add_(0.7);

        var found = ValueRefit.Apply(wrong, keys, values, RandomContext.Of(Shape, 64, 8).Queries! * 2, batch, 0);

        Assert.InRange(PlainNumbers.Distance(exact.Values, found.Values), 0, 5e-3);
    }

    [Fact]
    public void Gradients_flow_through_the_solve()
    {
        using var scope = NewDisposeScope();
        var x = new Case(1, [14, 12, 10], withGradients: true);
        var weights = new NormalNumbers(4).Array(36 * 6).Select(w => (double)w).ToArray();

        (x.Refit(0.5).Values.view(-1) * tensor(weights).to(float32)).sum().backward();

        var parameters = new PlainParameters(x.Sidecar);
        var naive = new NaiveSidecar(x.Sidecar, parameters, x.Context.Rotary.InverseFrequencies.ToArray());
        double Loss() => PlainNumbers.Dot(Enumerable.Range(0, 3).SelectMany(h => x.Refitted(h, naive, 0.5)).SelectMany(row => row).ToArray(), weights);
        foreach (var name in new[] { "head.delta", "pool.shared", "trunk.first.weight", "pool.token" })
        {
            var (gradient, values) = (PlainNumbers.Of(x.Sidecar.Parameters[name].grad!), parameters[name]);
            foreach (var i in Enumerable.Range(0, values.Length).OrderByDescending(i => Math.Abs(gradient[i])).Take(2))
            {
                var kept = values[i];
                values[i] = kept + 1e-4;
                var above = Loss();
                values[i] = kept - 1e-4;
                var expected = (above - Loss()) / 2e-4;
                values[i] = kept;
                Assert.True(Math.Abs(expected - gradient[i]) <= 1e-3 * (1 + Math.Abs(expected)), $"{name}[{i}]: expected {expected}, found {gradient[i]}");
            }
        }
    }

    [Fact]
    public void Probes_are_the_prefixs_own_queries_turned_behind_its_end()
    {
        using var scope = NewDisposeScope();
        var context = RandomContext.Of(Shape, 20, 3);

        var probes = FutureQueries.Of(context, 8);
        var all = FutureQueries.Of(context, 100);

        var pre = PlainNumbers.Heads(context.PreRopeQueries!);
        var made = PlainNumbers.Heads(probes);
        Assert.Equal([6L, 20, 6], all.shape);
        for (var h = 0; h < 6; h++)
            for (var i = 0; i < 8; i++)
                Assert.InRange(PlainNumbers.Distance(NaiveRotation.Turn(pre[h][i * 20 / 8], 20 + i, context.Rotary.InverseFrequencies), made[h][i]), 0, 1e-5);
    }

    /// <summary>A random sidecar's proposal for a random prompt of 23 tokens, 3 KV heads of 2 query heads each.</summary>
    private sealed class Case
    {
        private readonly Tensor queries;
        private readonly PlainLayer dense;

        public Case(int m, int[] slots, bool withGradients = false)
        {
            var config = RandomSidecar.Config(SidecarNetwork.Trunk, Shape) with { KeySpace = KeySpace.PostRope, SuperTokens = m, LongestWindow = 5 };
            Sidecar = RandomSidecar.Of(config, 7);
            Context = RandomContext.Of(Shape, 23, 9);
            queries = RandomContext.Of(Shape, 40, 10).Queries!;
            dense = new PlainLayer(PlainNumbers.Heads(Context.Keys), PlainNumbers.Heads(Context.Values));
            Batch = new WindowBatch(config, [.. slots.Select(n => WindowPlan.Make(config, 23, n, 2, 3))], 23, Context.Rotary, CPU);
            Sidecar.RequireGradients(withGradients);
            Layer = Sidecar.Compress(0, Context.Keys, Context.Values, Batch).Packed(Context.Keys, Context.Values, Batch);
        }

        public SidecarModule Sidecar { get; }

        public LayerContext Context { get; }

        public WindowBatch Batch { get; }

        public CompressedLayer Layer { get; }

        public CompressedLayer Refit(double strength) => ValueRefit.Apply(Layer, Context.Keys, Context.Values, queries, Batch, strength);

        /// <summary>Mean squared error of attention outputs.</summary>
        public double Error(CompressedLayer layer) => Enumerable.Range(0, 3).Average(h =>
        {
            var (from, count) = (layer.Offsets[h], layer.Length(0, h));
            var probes = queries.narrow(0, 2 * h, 2).reshape(-1, 6);
            var y = (probes.mm(Context.Keys[h].t()) / Math.Sqrt(6)).softmax(-1).mm(Context.Values[h]);
            var x = (probes.mm(layer.Keys.narrow(0, from, count).t()) / Math.Sqrt(6) + layer.Bias!.narrow(0, from, count)).softmax(-1).mm(layer.Values.narrow(0, from, count));
            return (y - x).square().mean().item<float>();
        });

        public NaiveRefit Naive(int head) => new(dense.Keys[head], dense.Values[head], [.. PlainNumbers.Heads(queries).Skip(2 * head).Take(2).SelectMany(rows => rows)]);

        /// <summary>Proposal and refit of one head, all in double.</summary>
        public double[][] Refitted(int head, NaiveSidecar naive, double strength)
        {
            var (plan, supers) = (Batch.Plans[head]!, naive.Head(0, head, dense, Batch.Plans[head]!));
            double[][] Rows(double[][] tokens, Func<NaiveSuperToken, double[]> made) => [.. tokens[..plan.Sinks], .. supers.Select(made), .. tokens[^plan.Recent..]];
            double[] bias = [.. new double[plan.Sinks], .. supers.Select(token => token.Bias), .. new double[plan.Recent]];
            return Naive(head).Refit(Rows(dense.Keys[head], token => token.Key), Rows(dense.Values[head], token => token.Value), bias, plan, strength);
        }
    }
}

/// <summary>The refit of one head in double: normal equations by elimination.</summary>
internal sealed class NaiveRefit(double[][] denseKeys, double[][] denseValues, double[][] probes)
{
    public double[][] Refit(double[][] keys, double[][] values, double[] bias, WindowPlan plan, double strength)
    {
        var width = values[0].Length;
        var supers = plan.Windows.Count * plan.SuperTokens;
        var square = new double[supers, supers];
        var right = new double[supers, width];
        foreach (var probe in probes)
        {
            var y = Attend(probe, denseKeys, denseValues, new double[denseKeys.Length]).Output;
            var (weights, now) = Attend(probe, keys, values, bias);
            for (var i = 0; i < supers; i++)
            {
                for (var j = 0; j < supers; j++) square[i, j] += weights[plan.Sinks + i] * weights[plan.Sinks + j];
                for (var d = 0; d < width; d++) right[i, d] += weights[plan.Sinks + i] * (y[d] - now[d]);
            }
        }
        var ridge = (Enumerable.Range(0, supers).Average(i => square[i, i]) * strength) + 1e-8;
        for (var i = 0; i < supers; i++) square[i, i] += ridge;
        Eliminate(square, right);
        return [.. values.Select((row, slot) => slot < plan.Sinks || slot >= plan.Sinks + supers ? row : row.Select((x, d) => x + right[slot - plan.Sinks, d]).ToArray())];
    }

    private static (double[] Weights, double[] Output) Attend(double[] query, double[][] keys, double[][] values, double[] bias)
    {
        var weights = NaiveNetworks.Softmax([.. keys.Select((key, j) => (PlainNumbers.Dot(query, key) / Math.Sqrt(key.Length)) + bias[j])]);
        return (weights, [.. Enumerable.Range(0, values[0].Length).Select(d => weights.Select((w, j) => w * values[j][d]).Sum())]);
    }

    // Positive definite: no pivoting. The solution replaces the right side.
    private static void Eliminate(double[,] square, double[,] right)
    {
        var (n, width) = (right.GetLength(0), right.GetLength(1));
        for (var p = 0; p < n; p++)
            for (var i = 0; i < n; i++)
            {
                if (i == p) continue;
                var factor = square[i, p] / square[p, p];
                for (var j = 0; j < n; j++) square[i, j] -= factor * square[p, j];
                for (var d = 0; d < width; d++) right[i, d] -= factor * right[p, d];
            }
        for (var i = 0; i < n; i++) for (var d = 0; d < width; d++) right[i, d] /= square[i, i];
    }
}
