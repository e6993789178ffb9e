using LST.Core.Losses;
using static TorchSharp.torch;

namespace LST.Core.Tests.Losses;

/// <summary>QPAA as double loops over plain arrays.</summary>
internal static class NaiveAlignment
{
    public static double FullCache(Tensor queries, Tensor keys, Tensor values, Tensor compressedKeys, Tensor compressedValues, double[][]? bias, AlignmentSettings settings)
    {
        var (q, k, v, ck, cv) = (PlainNumbers.Heads(queries), PlainNumbers.Heads(keys), PlainNumbers.Heads(values), PlainNumbers.Heads(compressedKeys), PlainNumbers.Heads(compressedValues));
        var (total, mass) = (0.0, 0.0);
        for (var head = 0; head < q.Length; head++)
        {
            var kv = head / (q.Length / k.Length);
            var (error, norm) = (0.0, 0.0);
            foreach (var probe in q[head])
            {
                var (dense, denseLse) = Attend(probe, k[kv], v[kv], null);
                var (compressed, compressedLse) = Attend(probe, ck[kv], cv[kv], bias?[kv]);
                error += SquaredDistance(dense, compressed);
                norm += SquaredDistance(dense, new double[dense.Length]);
                mass += Square(denseLse - compressedLse);
            }
            total += settings.Normalization == AlignmentNormalization.Relative ? error / norm : error / q[head].Length;
        }
        return total / q.Length + settings.LogSumExpWeight * mass / (q.Length * q[0].Length);
    }

    /// <summary>Windows of plain arrays [H_kv][N][rows][D]; bias [H_kv][N][m]; real [H_kv][N][W].</summary>
    public static double PerWindow(double[][][] q, double[][][][] k, double[][][][] v, bool[][][] real, double[][][][] sk, double[][][][] sv, double[][][]? bias, AlignmentSettings settings)
    {
        var (total, mass) = (0.0, 0.0);
        for (var head = 0; head < q.Length; head++)
        {
            var kv = head / (q.Length / k.Length);
            var windows = Enumerable.Range(0, k[kv].Length).Where(g => real[kv][g].Contains(true)).ToArray();
            var (error, norm) = (0.0, 0.0);
            foreach (var probe in q[head])
            {
                var dense = windows.Select(g => Attend(probe, Kept(k[kv][g], real[kv][g]), Kept(v[kv][g], real[kv][g]), null)).ToArray();
                var all = Math.Log(dense.Sum(d => Math.Exp(d.Lse)));
                for (var i = 0; i < windows.Length; i++)
                {
                    var compressed = Attend(probe, sk[kv][windows[i]], sv[kv][windows[i]], bias?[kv][windows[i]]);
                    var share = settings.Weighting == WindowWeighting.Uniform ? 1.0 / windows.Length : Math.Exp(dense[i].Lse - all);
                    error += share * SquaredDistance(dense[i].Output, compressed.Output);
                    norm += share * SquaredDistance(dense[i].Output, new double[probe.Length]);
                    mass += share * Square(dense[i].Lse - compressed.Lse);
                }
            }
            total += settings.Normalization == AlignmentNormalization.Relative ? error / norm : error / q[head].Length;
        }
        return total / q.Length + settings.LogSumExpWeight * mass / (q.Length * q[0].Length);
    }

    /// <summary>[A, B, C, D] as nested arrays.</summary>
    public static double[][][][] Nested(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return [.. Enumerable.Range(0, (int)tensor.shape[0]).Select(h => PlainNumbers.Heads(tensor[h]))];
    }

    private static double[][] Kept(double[][] rows, bool[] real) => [.. rows.Where((_, i) => real[i])];

    private static (double[] Output, double Lse) Attend(double[] probe, double[][] keys, double[][] values, double[]? bias)
    {
        var logits = keys.Select((key, j) => PlainNumbers.Dot(probe, key) / Math.Sqrt(probe.Length) + (bias?[j] ?? 0)).ToArray();
        var top = logits.Max();
        var sum = logits.Sum(l => Math.Exp(l - top));
        var output = new double[probe.Length];
        for (var j = 0; j < keys.Length; j++) for (var d = 0; d < output.Length; d++) output[d] += Math.Exp(logits[j] - top) / sum * values[j][d];
        return (output, top + Math.Log(sum));
    }

    private static double SquaredDistance(double[] a, double[] b) => a.Zip(b, (x, y) => Square(x - y)).Sum();

    private static double Square(double x) => x * x;
}
