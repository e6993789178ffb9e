using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Models;

/// <summary>A decoder written in double from the architecture's formulas, weight by weight from the file: no cache, no fused products, no library attention.</summary>
internal sealed class NaiveDecoder(RandomModelFile file)
{
    private readonly ModelConfig config = file.Config;
    private readonly float[] frequencies = [.. Enumerable.Range(0, file.Config.HeadDim / 2).Select(i => (float)Math.Pow(file.Config.RopeTheta, -2.0 * i / file.Config.HeadDim))];

    /// <summary>Logits [T][V] of a text at positions 0, 1, ….</summary>
    public double[][] Logits(long[] ids)
    {
        var embedding = Matrix("model.embed_tokens.weight");
        var x = ids.Select(id => embedding[id].ToArray()).ToArray();
        for (var l = 0; l < config.Layers; l++) x = Layer($"model.layers.{l}.", x);
        var norm = Vector("model.norm.weight");
        var head = config.TiedHead ? embedding : Matrix("lm_head.weight");
        return [.. x.Select(row => Times(head, null, Norm(row, norm)))];
    }

    private double[][] Layer(string name, double[][] x)
    {
        var norm = Vector(name + "input_layernorm.weight");
        var input = x.Select(row => Norm(row, norm)).ToArray();
        double[][] Project(string part) => [.. Linear(name + $"self_attn.{part}_proj", config.QkvBias, input)];
        var (q, k, v) = (Project("q"), Project("k"), Project("v"));
        var attended = Enumerable.Range(0, x.Length).Select(t => Attend(q[t], k, v, t)).ToArray();
        var middle = Sum(x, Linear(name + "self_attn.o_proj", config.OutputBias, attended));
        var mlpNorm = Vector(name + "post_attention_layernorm.weight");
        var normed = middle.Select(row => Norm(row, mlpNorm)).ToArray();
        var (gate, up) = (Linear(name + "mlp.gate_proj", config.MlpBias, normed), Linear(name + "mlp.up_proj", config.MlpBias, normed));
        var activated = gate.Select((row, t) => row.Select((g, i) => g / (1 + Math.Exp(-g)) * up[t][i]).ToArray()).ToArray();
        return Sum(middle, Linear(name + "mlp.down_proj", config.MlpBias, activated));
    }

    private double[] Attend(double[] query, double[][] keys, double[][] values, int t)
    {
        var width = config.HeadDim;
        var first = config.SlidingWindow is { } window ? Math.Max(0, t - window + 1) : 0;
        var output = new double[query.Length];
        for (var h = 0; h < config.QueryHeads; h++)
        {
            var kv = h / config.GroupSize * width;
            var q = NaiveRotation.Turn(query.AsSpan(h * width, width), t, frequencies);
            var weights = Enumerable.Range(first, t - first + 1)
                .Select(j => Math.Exp(PlainNumbers.Dot(q, NaiveRotation.Turn(keys[j].AsSpan(kv, width), j, frequencies)) / Math.Sqrt(width))).ToArray();
            for (var j = 0; j < weights.Length; j++)
                for (var d = 0; d < width; d++) output[(h * width) + d] += weights[j] / weights.Sum() * values[first + j][kv + d];
        }
        return output;
    }

    private double[] Norm(double[] x, double[] weight)
    {
        var scale = 1 / Math.Sqrt(x.Average(value => value * value) + config.RmsNormEpsilon);
        return [.. x.Select((value, i) => value * scale * weight[i])];
    }

    private double[][] Linear(string name, bool biased, double[][] rows)
    {
        var (weight, bias) = (Matrix(name + ".weight"), biased ? Vector(name + ".bias") : null);
        return [.. rows.Select(row => Times(weight, bias, row))];
    }

    private static double[] Times(double[][] matrix, double[]? bias, double[] x) => [.. matrix.Select((row, i) => PlainNumbers.Dot(row, x) + (bias?[i] ?? 0))];

    private static double[][] Sum(double[][] a, double[][] b) => [.. a.Select((row, t) => row.Select((value, i) => value + b[t][i]).ToArray())];

    private double[] Vector(string name)
    {
        using var weight = file.Load(name, float32, CPU);
        return PlainNumbers.Of(weight);
    }

    private double[][] Matrix(string name)
    {
        using var weight = file.Load(name, float32, CPU);
        return PlainNumbers.Heads(weight.unsqueeze(0))[0];
    }
}
