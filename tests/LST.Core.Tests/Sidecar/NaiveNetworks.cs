using LST.Core.Sidecar;
using static TorchSharp.torch;

namespace LST.Core.Tests.Sidecar;

/// <summary>Parameters of a sidecar as plain arrays, which a test may change one by one.</summary>
internal sealed class PlainParameters(SidecarModule sidecar)
{
    private readonly Dictionary<string, (long[] Shape, double[] Values)> byName = sidecar.Parameters.ToDictionary(p => p.Key, p => (p.Value.shape, PlainNumbers.Of(p.Value)));

    public double[] this[string name] => byName[name].Values;

    /// <summary>[rows][columns] of a matrix; leading indices choose layer and head.</summary>
    public double[][] Matrix(string name, params int[] leading)
    {
        var (shape, values) = byName[name];
        var (rows, columns) = ((int)shape[^2], (int)shape[^1]);
        var start = Start(shape, leading, rows * columns);
        return [.. Enumerable.Range(0, rows).Select(r => values.AsSpan(start + (r * columns), columns).ToArray())];
    }

    /// <summary>A vector, or a row where leading indices choose one.</summary>
    public double[] Vector(string name, params int[] leading)
    {
        var (shape, values) = byName[name];
        return values.AsSpan(Start(shape, leading, (int)shape[^1]), (int)shape[^1]).ToArray();
    }

    private static int Start(long[] shape, int[] leading, int size)
    {
        var at = 0;
        for (var i = 0; i < leading.Length; i++) at = (at * (int)shape[i]) + leading[i];
        return at * size;
    }
}

/// <summary>What a network says of one window.</summary>
/// <param name="Logits">[keys, values][m][w_max]; null: it says nothing of pooling.</param>
/// <param name="Bias">[m], or null.</param>
/// <param name="Delta">[m][2D]: key, then value.</param>
internal sealed record NaiveOutputs(double[][][]? Logits, double[]? Bias, double[][] Delta);

/// <summary>The three networks on one window, written out in double from their formulas.</summary>
internal sealed class NaiveNetworks(SidecarConfig config, PlainParameters parameters)
{
    private int M => config.SuperTokens;

    /// <summary>Runs the network of the options.</summary>
    /// <param name="layer">Layer.</param>
    /// <param name="head">KV head.</param>
    /// <param name="seen">[w_max + 2c][2D] scaled tokens; null where there is none.</param>
    /// <param name="count">Tokens of the window.</param>
    public NaiveOutputs Run(int layer, int head, double[]?[] seen, int count) => config.Network switch
    {
        SidecarNetwork.Trunk => Trunk(layer, head, seen, count),
        SidecarNetwork.PerHead => PerHead(layer, head, seen, count),
        _ => Encoder(seen),
    };

    private NaiveOutputs Trunk(int layer, int head, double[]?[] seen, int count)
    {
        var project = parameters.Matrix("head.project", layer, head);
        var features = seen.Select(x => x is null ? new double[config.Rank] : Times(x, project)).ToArray();
        var z = Plus(Times([.. features.SelectMany(f => f)], parameters.Matrix("trunk.first.weight")), parameters.Vector("trunk.first.bias"),
            parameters.Vector("head.embedding", layer, head), parameters.Vector("length.embedding", count));
        var a = Silu(z);
        a = Plus(a, Silu(Plus(Times(a, parameters.Matrix("trunk.second.weight")), parameters.Vector("trunk.second.bias"))));
        var small = Plus(Times(a, parameters.Matrix("pool.shared")), parameters.Vector("pool.head", layer, head));
        var logits = Logits(small);
        var own = parameters.Matrix("pool.token", layer, head);
        for (var j = 0; j < count; j++)
        {
            var said = Times(features[config.Neighbours + j], own);
            for (var kind = 0; kind < 2; kind++) for (var i = 0; i < M; i++) logits[kind][i][j] += said[(kind * M) + i];
        }
        return new NaiveOutputs(logits, small[^M..], Rows(Times(Times(a, parameters.Matrix("trunk.out")), parameters.Matrix("head.delta", layer, head))));
    }

    private NaiveOutputs PerHead(int layer, int head, double[]?[] seen, int count)
    {
        double[] x = [.. seen.SelectMany(token => token ?? new double[2 * config.Model.HeadDim])];
        var hidden = Silu(Plus(Times(x, parameters.Matrix("first.weight", layer, head)), parameters.Vector("first.bias", layer, head), parameters.Vector("length.embedding", layer, count)));
        var y = Plus(Times(hidden, parameters.Matrix("second.weight", layer, head)), parameters.Vector("second.bias", layer, head));
        var logits = 2 * config.LongestWindow * M;
        return new NaiveOutputs(Logits(y), y[logits..(logits + M)], Rows(y[(logits + M)..]));
    }

    private NaiveOutputs Encoder(double[]?[] seen)
    {
        double[] Linear(double[] x, string name) => Plus(Times(x, parameters.Matrix(name + ".weight")), parameters.Vector(name + ".bias"));
        var position = parameters.Matrix("position.embedding");
        // Absent tokens are never attended to, so that what becomes of their own rows does not matter.
        var present = Enumerable.Range(0, seen.Length).Where(i => seen[i] is not null).ToArray();
        var x = present.Select(i => Plus(Linear(seen[i]!, "input"), position[i])).ToArray();
        for (var l = 0; l < config.EncoderLayers; l++)
        {
            var qkv = x.Select(row => Linear(Norm(row, $"encoder.{l}.attention.norm"), $"encoder.{l}.attention.in")).ToArray();
            var mixed = Attend([.. qkv.Select(row => row[..config.Hidden])], [.. qkv.Select(row => row[config.Hidden..(2 * config.Hidden)])], [.. qkv.Select(row => row[(2 * config.Hidden)..])]);
            for (var j = 0; j < x.Length; j++)
            {
                x[j] = Plus(x[j], Linear(mixed[j], $"encoder.{l}.attention.out"));
                x[j] = Plus(x[j], Linear([.. Linear(Norm(x[j], $"encoder.{l}.feed.norm"), $"encoder.{l}.feed.in").Select(Gelu)], $"encoder.{l}.feed.out"));
            }
        }
        var kv = x.Select(row => Linear(Norm(row, "pool.norm"), "pool.in")).ToArray();
        var pooled = Attend(parameters.Matrix("pool.query"), [.. kv.Select(row => row[..config.Hidden])], [.. kv.Select(row => row[config.Hidden..])]);
        return new NaiveOutputs(null, null, [.. pooled.Select(row => Linear(Linear(row, "pool.out"), "output"))]);
    }

    private double[][] Attend(double[][] queries, double[][] keys, double[][] values)
    {
        var width = config.Hidden / config.EncoderHeads;
        var made = queries.Select(_ => new double[config.Hidden]).ToArray();
        for (var head = 0; head < config.EncoderHeads; head++)
            for (var q = 0; q < queries.Length; q++)
            {
                var (from, to) = (head * width, (head + 1) * width);
                var weights = Softmax([.. keys.Select(key => PlainNumbers.Dot(queries[q].AsSpan(from, width), key.AsSpan(from, width)) / Math.Sqrt(width))]);
                for (var j = 0; j < keys.Length; j++) for (var d = from; d < to; d++) made[q][d] += weights[j] * values[j][d];
            }
        return made;
    }

    private double[] Norm(double[] x, string name)
    {
        var (weight, bias, mean) = (parameters.Vector(name + ".weight"), parameters.Vector(name + ".bias"), x.Average());
        var variance = x.Average(value => (value - mean) * (value - mean));
        return [.. x.Select((value, i) => ((value - mean) / Math.Sqrt(variance + 1e-5) * weight[i]) + bias[i])];
    }

    // The first 2·m·w_max numbers: for keys, then for values, super-token by super-token.
    private double[][][] Logits(double[] flat) => [.. Enumerable.Range(0, 2).Select(kind => (double[][])[.. Enumerable.Range(0, M).Select(i =>
        flat.AsSpan(((kind * M) + i) * config.LongestWindow, config.LongestWindow).ToArray())])];

    private double[][] Rows(double[] flat) => [.. flat.Chunk(2 * config.Model.HeadDim)];

    public static double[] Softmax(double[] logits)
    {
        var exponentials = logits.Select(x => Math.Exp(x - logits.Max())).ToArray();
        return [.. exponentials.Select(x => x / exponentials.Sum())];
    }

    private static double[] Times(double[] x, double[][] matrix)
    {
        Assert.Equal(x.Length, matrix.Length);
        var made = new double[matrix[0].Length];
        for (var i = 0; i < x.Length; i++) for (var k = 0; k < made.Length; k++) made[k] += x[i] * matrix[i][k];
        return made;
    }

    private static double[] Plus(double[] first, params double[][] others) => [.. first.Select((x, i) => x + others.Sum(other => other[i]))];

    private static double[] Silu(double[] x) => [.. x.Select(value => value / (1 + Math.Exp(-value)))];

    private static double Gelu(double x) => 0.5 * x * (1 + ErrorFunction(x / Math.Sqrt(2)));

    // Taylor series; beyond 4 the function is 1 to eight digits.
    private static double ErrorFunction(double x)
    {
        if (Math.Abs(x) > 4) return Math.Sign(x);
        var (term, sum) = (x, x);
        for (var n = 1; n < 90; n++)
        {
            term *= -x * x / n;
            sum += term / ((2 * n) + 1);
        }
        return 2 / Math.Sqrt(Math.PI) * sum;
    }
}
