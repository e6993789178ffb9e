using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Compression;

/// <summary>Everything that a method may read of one layer; tests change single tensors.</summary>
internal sealed record LayerTensors(Tensor Keys, Tensor Values, Tensor PreRopeKeys, Tensor Queries, Tensor PreRopeQueries, Tensor Hidden)
{
    public LayerTensors Each(Func<Tensor, Tensor> change) => new(change(Keys), change(Values), change(PreRopeKeys), change(Queries), change(PreRopeQueries), change(Hidden));
}

/// <summary>
/// The first tokens of a prefilled text, as methods see them, whatever followed. Compresses layer by layer without
/// <see cref="PromptCompression"/>, so that a test can change what a method is given. Lives in a dispose scope of the test.
/// </summary>
internal sealed class CapturedPrompt : IDisposable
{
    private readonly LanguageModel model;
    private readonly KvCache dense;
    private readonly long[] ids;
    private readonly List<LayerTensors> layers = [];

    /// <summary>Runs <paramref name="text"/> and keeps what belongs to its first tokens.</summary>
    public CapturedPrompt(LanguageModel model, long[] text, int tokens)
    {
        this.model = model;
        ids = text[..tokens];
        dense = model.NewCache(1, blockTokens: 16);
        Tensor First(Tensor of, int dimension) => of[0].narrow(dimension, 0, tokens).clone().DetachFromDisposeScope();
        // As PromptCompression runs it: without gradients, where the CPU's own kernels do the element-wise work.
        using (no_grad())
        using (NewDisposeScope())
        {
            model.Run(TinyModels.Row(text), dense, new SegmentOptions
            {
                Capture = CaptureNeeds.Queries | CaptureNeeds.PreRopeKeys | CaptureNeeds.PreRopeQueries | CaptureNeeds.AttentionInput,
                OnLayer = c => layers.Add(new LayerTensors(First(c.Keys, 1), First(c.Values, 1), First(c.PreRopeKeys!, 1), First(c.Queries!, 1), First(c.PreRopeQueries!, 1), First(c.AttentionInput!, 0))),
            });
        }
        foreach (var layer in dense.Layers) layer.Tail.Truncate(tokens);
        dense.NextPositions[0] = tokens;
    }

    public IReadOnlyList<LayerTensors> Layers => layers;

    /// <summary>Compresses all layers.</summary>
    /// <param name="spec">The method.</param>
    /// <param name="ratio">r.</param>
    /// <param name="change">What the method sees instead of the layer's tensors.</param>
    /// <param name="access">What it sees instead of the model.</param>
    /// <param name="config">Shape that goes with the change.</param>
    public CompressedCapture Compress(MethodSpec spec, Ratio ratio, Func<int, LayerTensors, LayerTensors>? change = null, Func<IModelAccess, IModelAccess>? access = null, ModelConfig? config = null)
    {
        config ??= model.Config;
        using var noGradients = no_grad();
        using var compressor = spec.CreateWithPrompt();
        compressor.Attach(model.Target with { Config = config });
        if (compressor.Needs.HasFlag(CompressorNeeds.ModelPasses))
        {
            IModelAccess own = new PromptAccess(model, dense, ids, null);
            compressor.Prepare(access is null ? own : access(own));
        }
        var plan = compressor.Plan(new PlanContext(ids.Length, config.Layers, config.KeyValueHeads, ratio));
        List<CompressedLayer> compressed = [];
        List<Tensor?> scores = [];
        for (var l = 0; l < layers.Count; l++)
        {
            var seen = change is null ? layers[l] : change(l, layers[l]);
            using var statistics = new AttentionStatistics(seen.Queries, seen.Keys, config.SlidingWindow, chunkQueries: 16);
            var context = new LayerContext
            {
                Layer = l, Config = config, Rotary = model.Rotary, Keys = seen.Keys, Values = seen.Values, CapturedPreRopeKeys = seen.PreRopeKeys,
                Queries = seen.Queries, PreRopeQueries = seen.PreRopeQueries, Hidden = seen.Hidden, Statistics = statistics,
            };
            compressed.Add(compressor.Compress(context, plan.Layers[l]));
            scores.Add(compressor is IScoringCompressor scoring ? scoring.Scores(context, plan.Layers[l]).clone() : null);
        }
        return new CompressedCapture(compressed, scores);
    }

    public void Dispose()
    {
        dense.Dispose();
        foreach (var layer in layers) layer.Each(tensor => { tensor.Dispose(); return tensor; });
    }
}

/// <summary>Compressed layers, and the scores [H_kv, tokens ranked] of methods that rank.</summary>
internal sealed record CompressedCapture(IReadOnlyList<CompressedLayer> Layers, IReadOnlyList<Tensor?> Scores) : IDisposable
{
    public int[] Positions(int layer, int head) => Layers[layer].Positions.Slice(Layers[layer].Offsets[head], Layers[layer].Length(0, head)).ToArray();

    public void Dispose()
    {
        foreach (var layer in Layers) layer.Dispose();
    }
}

/// <summary>A model whose keys and queries a test changes before a method sees them.</summary>
internal sealed class ChangedAccess(IModelAccess inner, ModelConfig config, Func<Tensor, Tensor> changeQueries, Func<Tensor, Tensor> changeKeys) : IModelAccess
{
    public ModelConfig Config => config;

    public Core.Text.ITokenizer? Tokenizer => inner.Tokenizer;

    public ReadOnlyMemory<long> PromptIds => inner.PromptIds;

    public Tensor Keys(int layer) => changeKeys(inner.Keys(layer));

    public void RunBehindPrompt(ReadOnlySpan<long> ids, Action<int, Tensor, Tensor> onLayer) =>
        inner.RunBehindPrompt(ids, (layer, queries, keys) => onLayer(layer, changeQueries(queries), changeKeys(keys)));
}
