using LST.Core.Attention.Cpu.Vectors;
using LST.Core.Models;
using LST.Core.Models.Decoding;
using LST.Core.Tests.Attention.Cpu;

namespace LST.Core.Tests.Models.Decoding;

/// <summary>A small decoder with random weights, in native memory, and the same decoder in doubles, written from the formulas.</summary>
internal sealed unsafe class RandomDecoder : IDisposable
{
    private readonly List<Numbers> _all = [];
    private readonly Dictionary<string, Numbers> _named = [];

    public RandomDecoder(Random random, ModelConfig config, ElementType type)
    {
        Config = config;
        int m = config.HiddenSize, q = config.QueryHeads * config.HeadDim, k = config.KeyValueHeads * config.HeadDim, f = config.IntermediateSize;
        WeightMatrix Matrix(string name, int rows, int columns, bool biased)
        {
            var weight = Keep(name, Numbers.Random(random, (long)rows * columns, 1 / Math.Sqrt(columns), type));
            return new WeightMatrix(weight.Pointer, type, rows, columns, biased ? Keep(name + ".bias", Numbers.Random(random, rows, 0.3)).Floats : null);
        }

        float* Norm(string name) => Keep(name, Numbers.Random(random, m)).Floats;
        var embedding = Matrix("embedding", config.VocabularySize, m, false);
        Weights = new DecodeWeights
        {
            Embedding = embedding,
            Layers =
            [
                .. Enumerable.Range(0, config.Layers).Select(l => new DecodeLayerWeights
                {
                    AttentionNorm = Norm($"{l}.attention-norm"), MlpNorm = Norm($"{l}.mlp-norm"),
                    Query = Matrix($"{l}.query", q, m, config.QkvBias), Key = Matrix($"{l}.key", k, m, config.QkvBias),
                    Value = Matrix($"{l}.value", k, m, config.QkvBias), Output = Matrix($"{l}.output", m, q, config.OutputBias),
                    Gate = Matrix($"{l}.gate", f, m, config.MlpBias), Up = Matrix($"{l}.up", f, m, config.MlpBias),
                    Down = Matrix($"{l}.down", m, f, config.MlpBias),
                }),
            ],
            FinalNorm = Norm("final-norm"),
            Head = config.TiedHead ? embedding : Matrix("head", config.VocabularySize, m, false),
        };
    }

    public ModelConfig Config { get; }

    public DecodeWeights Weights { get; }

    /// <summary>Logits after the last id of one sequence.</summary>
    public double[] Logits(IReadOnlyList<long> ids)
    {
        var d = Config.HeadDim;
        var states = ids.Select(id => Row("embedding", (int)id, Config.HiddenSize)).ToList();
        for (var l = 0; l < Config.Layers; l++)
        {
            var normed = states.Select(x => Norm($"{l}.attention-norm", x)).ToList();
            var queries = normed.Select((x, t) => Rotate(Product($"{l}.query", x), t)).ToList();
            var keys = normed.Select((x, t) => Rotate(Product($"{l}.key", x), t)).ToList();
            var values = normed.Select(x => Product($"{l}.value", x)).ToList();
            for (var t = 0; t < ids.Count; t++)
            {
                var attended = Enumerable.Range(0, Config.QueryHeads).SelectMany(h =>
                {
                    var from = h / Config.GroupSize * d;
                    var slots = Enumerable.Range(0, t + 1)
                        .Select(j => new DecodeAttentionOracle.Slot(keys[j][from..(from + d)], values[j][from..(from + d)], 0, j)).ToList();
                    return DecodeAttentionOracle.Attend(queries[t][(h * d)..((h + 1) * d)], slots, t, Config.SlidingWindow);
                }).ToArray();
                var x = Sum(states[t], Product($"{l}.output", attended));
                var input = Norm($"{l}.mlp-norm", x);
                var activated = Product($"{l}.gate", input).Zip(Product($"{l}.up", input), (g, u) => g / (1 + Math.Exp(-g)) * u).ToArray();
                states[t] = Sum(x, Product($"{l}.down", activated));
            }
        }

        return Product(Config.TiedHead ? "embedding" : "head", Norm("final-norm", states[^1]));
    }

    public void Dispose() => _all.ForEach(numbers => numbers.Dispose());

    private Numbers Keep(string name, Numbers numbers)
    {
        _all.Add(numbers);
        return _named[name] = numbers;
    }

    private double[] Row(string name, int row, int columns) => _named[name].Values[(row * columns)..((row + 1) * columns)];

    private double[] Product(string name, double[] x)
    {
        var rows = _named[name].Values.Length / x.Length;
        var bias = _named.GetValueOrDefault(name + ".bias");
        return [.. Enumerable.Range(0, rows).Select(r => Row(name, r, x.Length).Zip(x, (w, v) => w * v).Sum() + (bias is null ? 0 : bias[r]))];
    }

    private double[] Norm(string name, double[] x)
    {
        var root = Math.Sqrt(x.Average(v => v * v) + Config.RmsNormEpsilon);
        return [.. x.Select((v, i) => v / root * _named[name][i])];
    }

    private double[] Rotate(double[] heads, int position)
    {
        int d = Config.HeadDim, half = d / 2;
        var turned = new double[heads.Length];
        for (var h = 0; h < heads.Length; h += d)
            for (var i = 0; i < half; i++)
            {
                var angle = position * Math.Pow(Config.RopeTheta, -2.0 * i / d);
                turned[h + i] = heads[h + i] * Math.Cos(angle) - heads[h + i + half] * Math.Sin(angle);
                turned[h + i + half] = heads[h + i + half] * Math.Cos(angle) + heads[h + i] * Math.Sin(angle);
            }

        return turned;
    }

    private static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];
}
