using LST.Core.Sidecar;
using LST.Core.Tests.Models;

namespace LST.Core.Tests.Sidecar;

/// <summary>Keys (in the sidecar's space) and values of one layer, [heads][T][D].</summary>
internal sealed record PlainLayer(double[][][] Keys, double[][][] Values)
{
    public int Tokens => Keys[0].Length;

    public static PlainLayer Random(int heads, int tokens, int headDim, int seed)
    {
        var normal = new NormalNumbers(seed);
        double[][][] Draw(double spread, double center) => [.. Enumerable.Range(0, heads).Select(_ => (double[][])[.. Enumerable.Range(0, tokens).Select(_ =>
            (double[])[.. Enumerable.Range(0, headDim).Select(_ => (double)(float)((spread * normal.Next()) + center))])])];
        return new PlainLayer(Draw(1.5, 0.4), Draw(1, -0.2));
    }
}

/// <summary>One super-token.</summary>
internal sealed record NaiveSuperToken(double[] Key, double[] Value, double Bias, int Position, double[]? KeyWeights = null);

/// <summary>The whole sidecar on one head, in double: scale, network, pooling, differences, norms, rotation, bias.</summary>
internal sealed class NaiveSidecar(SidecarModule sidecar, PlainParameters parameters, float[] frequencies)
{
    private readonly SidecarConfig config = sidecar.Config;
    private readonly NaiveNetworks networks = new(sidecar.Config, parameters);
    private readonly double[] mean = PlainNumbers.Of(sidecar.Scale.Mean), deviation = PlainNumbers.Of(sidecar.Scale.Deviation);

    private int D => config.Model.HeadDim;

    /// <summary>All super-tokens of a head, in order.</summary>
    public List<NaiveSuperToken> Head(int layer, int head, PlainLayer dense, WindowPlan plan) =>
        [.. plan.Windows.SelectMany(window => Window(layer, head, dense, window.First, window.Count))];

    private IEnumerable<NaiveSuperToken> Window(int layer, int head, PlainLayer dense, int first, int count)
    {
        var (c, m) = (config.Neighbours, config.SuperTokens);
        var seen = new double[config.LongestWindow + (2 * c)][];
        for (var j = 0; j < c; j++)
        {
            if (first - c + j >= 0) seen[j] = Scaled(layer, head, dense, first - c + j);
            if (first + count + j < dense.Tokens) seen[c + config.LongestWindow + j] = Scaled(layer, head, dense, first + count + j);
        }
        for (var j = 0; j < count; j++) seen[c + j] = Scaled(layer, head, dense, first + j);
        var said = networks.Run(layer, head, seen, count);
        for (var i = 0; i < m; i++)
        {
            var (from, to) = (i * count / m, (i + 1) * count / m);
            var (key, keyWeights) = Merged(dense.Keys[head], said.Logits?[0][i], said.Delta[i][..D], Deviations(layer, head, 0));
            var (value, _) = Merged(dense.Values[head], said.Logits?[1][i], said.Delta[i][D..], Deviations(layer, head, D));
            var position = first + ((from + to - 1) / 2);
            if (config.KeySpace == KeySpace.PreRope) key = NaiveRotation.Turn(key, position, frequencies);
            var bias = config.Bias == SlotBias.None ? 0 : Math.Log((double)count / m) + (config.Bias == SlotBias.Learned ? said.Bias![i] : 0);
            yield return new NaiveSuperToken(key, value, bias, position, keyWeights);

            (double[] Made, double[] Weights) Merged(double[][] rows, double[]? logits, double[] delta, double[] units)
            {
                var own = rows[first..(first + count)];
                // The m super-tokens of a window start on their own parts of it: 4 nats below elsewhere.
                var weights = NaiveNetworks.Softmax([.. Enumerable.Range(0, count).Select(j =>
                    (config.Base == SuperTokenBase.Pooled ? logits![j] : 0) - (m > 1 && (j < from || j >= to) ? 4 : 0))]);
                var made = Enumerable.Range(0, D).Select(d => own.Select((row, j) => weights[j] * row[d]).Sum() + (units[d] * delta[d])).ToArray();
                if (config.Norm == NormRule.None) return (made, weights);
                var wanted = own.Average(Length);
                return ([.. made.Select(x => x * wanted / Length(made))], weights);
            }
        }
    }

    private double[] Deviations(int layer, int head, int start) => deviation.AsSpan((((layer * config.Model.KeyValueHeads) + head) * 2 * D) + start, D).ToArray();

    private double[] Scaled(int layer, int head, PlainLayer dense, int token)
    {
        var row = ((layer * config.Model.KeyValueHeads) + head) * 2 * D;
        double[] raw = [.. dense.Keys[head][token], .. dense.Values[head][token]];
        return [.. raw.Select((x, d) => (x - mean[row + d]) / deviation[row + d])];
    }

    private static double Length(double[] x) => Math.Sqrt(x.Sum(value => value * value));
}
