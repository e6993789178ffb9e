using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Evaluation.Tests.Perplexity.DocumentCompatible;

/// <summary>One layer of a random prompt, as a method sees it and as plain arrays [head][token][channel]. Lives in a dispose scope of the test.</summary>
internal sealed class PlainLayer
{
    public PlainLayer(ModelConfig like, int heads, int tokens, int width, int seed, double drift)
    {
        Config = like with { Layers = 1, KeyValueHeads = heads, QueryHeads = heads, HeadDim = width };
        var random = new System.Random(seed);
        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        (Keys, Values) = (Rows(), Rows());
        // Neighbours that are alike: a walk of small steps, as drift falls.
        foreach (var head in Keys)
            for (var t = 1; t < tokens; t++)
                for (var d = 0; d < width; d++) head[t][d] = (float)(((1 - drift) * head[t - 1][d]) + (drift * head[t][d]));
        Context = new LayerContext { Layer = 0, Config = Config, Rotary = new RotaryEmbedding(Config), Keys = Packed(Keys), Values = Packed(Values) };

        double[][][] Rows() => [.. Enumerable.Range(0, heads).Select(_ => (double[][])[.. Enumerable.Range(0, tokens).Select(_ => (double[])[.. Enumerable.Range(0, width).Select(_ => (double)(float)Normal())])])];
    }

    public ModelConfig Config { get; }

    public LayerContext Context { get; }

    public double[][][] Keys { get; }

    public double[][][] Values { get; }

    /// <summary>All heads of a token, one after the other.</summary>
    public double[] Joined(int token) => [.. Keys.SelectMany(head => head[token])];

    public double Norm(int token) => Math.Sqrt(Joined(token).Sum(x => x * x));

    public CompressedLayer Compress(IKvCompressor compressor, int slots)
    {
        var plan = compressor.Plan(new PlanContext(Context.Tokens, 1, Config.KeyValueHeads, Ratio.Of(Context.Tokens, slots)));
        return compressor.Compress(Context, plan.Layers[0]);
    }

    /// <summary>Slots of a head [n][channel].</summary>
    public static double[][] Slots(CompressedLayer made, Tensor packed, int head)
    {
        using var rows = packed.narrow(0, made.Offsets[head], made.Length(0, head)).contiguous();
        var numbers = rows.data<float>().ToArray();
        return [.. numbers.Chunk((int)packed.shape[1]).Select(row => row.Select(x => (double)x).ToArray())];
    }

    private static Tensor Packed(double[][][] rows) => tensor([.. rows.SelectMany(head => head).SelectMany(row => row).Select(x => (float)x)], rows.Length, rows[0].Length, rows[0][0].Length);
}
