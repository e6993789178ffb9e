using LST.Core.Attention;
using LST.Core.Attention.Cpu.Vectors;
using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Models.Checkpoints;
using LST.Core.Models.Decoding;
using static TorchSharp.torch;

namespace LST.Core.Models;

/// <summary>
/// A frozen Llama-family decoder on TorchSharp: RMSNorm, rotary embedding, grouped-query attention over (compressed prefix ⊕ dense tail), SwiGLU.
/// Named shapes: B batch, S segment tokens, M hidden size, H_q / H_kv heads, D head dimension, F MLP width, V vocabulary.
/// </summary>
public sealed class LanguageModel : IDisposable
{
    // A pause costs a tenth of a millisecond: too much for a step of single tokens, which our own kernels mostly do.
    private const int PausedTokens = 2;
    private readonly Tensor embedding;          // [V, M]
    private readonly Tensor finalNorm;          // [M]
    private readonly Tensor? head;              // [V, M], null when tied
    private readonly DecoderLayer[] layers;
    private LanguageModelWeights? native;
    private WorkerPool? pool;
    private SegmentKernels? kernels;

    private LanguageModel(IModelFile file, ScalarType dtype, Device device, IProgress<double>? progress, CancellationToken cancel)
    {
        (Config, Dtype, Device, Name) = (file.Config, dtype, device, file.ShortName);
        Rotary = new RotaryEmbedding(Config);
        List<DecoderLayer> loaded = [];
        try
        {
            embedding = file.Load("model.embed_tokens.weight", dtype, device).DetachFromDisposeScope();
            for (var l = 0; l < Config.Layers; l++)
            {
                cancel.ThrowIfCancellationRequested();
                loaded.Add(DecoderLayer.Load(file, l, dtype, device));
                file.ReleasePages();
                progress?.Report((l + 1.0) / Config.Layers);
            }
            finalNorm = file.Load("model.norm.weight", dtype, device).DetachFromDisposeScope();
            head = Config.TiedHead ? null : file.Load("lm_head.weight", dtype, device).DetachFromDisposeScope();
            file.ReleasePages();
        }
        catch
        {
            embedding?.Dispose();
            finalNorm?.Dispose();
            foreach (var layer in loaded) layer.Dispose();
            throw;
        }
        layers = [.. loaded];
        Attention = device.type == TorchSharp.DeviceType.CPU ? new ChunkedAttention(() => Pool) : new LibraryAttention("gpu");
    }

    /// <summary>Shape of the model.</summary>
    public ModelConfig Config { get; }

    /// <summary>Short name, for records.</summary>
    public string Name { get; }

    /// <summary>Digest of the weights, where whoever loaded them knows it; for methods that are made for one model.</summary>
    public string? WeightsSha256 { get; set; }

    /// <summary>Name, digest and shape.</summary>
    public ModelTarget Target => new(Name, WeightsSha256, Config);

    /// <summary>Type of weights, activations and cache.</summary>
    public ScalarType Dtype { get; }

    /// <summary>Where it lies.</summary>
    public Device Device { get; }

    /// <summary>Its rotary frequencies.</summary>
    public RotaryEmbedding Rotary { get; }

    /// <summary>Attention of segments: that of the device unless set otherwise.</summary>
    public ISegmentAttention Attention { get; set; }

    /// <summary>The layers' weights.</summary>
    public IReadOnlyList<DecoderLayer> Layers => layers;

    /// <summary>Embedding matrix [V, M].</summary>
    public Tensor Embedding => embedding;

    /// <summary>Weight of the last norm [M].</summary>
    public Tensor FinalNorm => finalNorm;

    /// <summary>Head matrix [V, M]; the embedding when tied.</summary>
    public Tensor Head => head ?? embedding;

    /// <summary>Bytes of all weights.</summary>
    public long WeightBytes => layers.SelectMany(layer => layer.Tensors).Append(embedding).Append(finalNorm).Concat(head is null ? [] : [head]).Sum(t => t.NumberOfElements * t.ElementSize);

    /// <summary>Reads all weights, tensor by tensor, into the run's dtype.</summary>
    public static LanguageModel Load(IModelFile file, ScalarType dtype, Device device, IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        using var noGradients = no_grad();
        return new LanguageModel(file, dtype, device, progress, cancel);
    }

    /// <summary>Addresses for the C# kernels; only of a model on the CPU.</summary>
    internal LanguageModelWeights Native => native ??= new LanguageModelWeights(this);

    /// <summary>Workers of the C# kernels, as many as the tensor library has threads.</summary>
    internal WorkerPool Pool => pool ??= new WorkerPool(get_num_threads());

    /// <summary>An empty cache of this model's dtype.</summary>
    public KvCache NewCache(int batch, int blockTokens = 256) => new(Config, batch, Dtype, Device, blockTokens);

    /// <summary>
    /// Runs a segment of ids through all layers over the cache, at the cache's next positions.
    /// </summary>
    /// <param name="ids">int64 [B, S].</param>
    /// <param name="cache">What came before.</param>
    /// <param name="options">Whether the cache grows, and what is shown of the layers.</param>
    /// <returns>Output of the last layer after the final norm [B, S, M], in the current dispose scope.</returns>
    public Tensor Run(Tensor ids, KvCache cache, SegmentOptions? options = null)
    {
        options ??= new SegmentOptions();
        if (ids.dim() != 2 || ids.shape[0] != cache.Batch || ids.dtype != int64)
            throw new ArgumentException($"ids: expected int64 [B={cache.Batch}, S], got {ids.dtype} [{string.Join(", ", ids.shape)}]");
        using var pause = ids.shape[1] < PausedTokens ? null : CollectionPause.Begin();
        using var scope = NewDisposeScope();
        var tokens = (int)ids.shape[1];
        using var mask = new SegmentMask(cache, tokens, Config.SlidingWindow, Device);
        var (cos, sin) = PositionTables(cache, tokens);
        var x = embedding.index_select(0, ids.reshape(-1)).view(ids.shape[0], tokens, Config.HiddenSize);
        for (var l = 0; l < layers.Length; l++)
        {
            options.Cancel.ThrowIfCancellationRequested();
            using var layerScope = NewDisposeScope();
            var output = RunLayer(l, x, cos, sin, cache.Layers[l], mask, options).MoveToOuterDisposeScope();
            x.Dispose();
            x = output;
        }
        if (options.Append) cache.Advance(tokens);
        return Normalize(x, finalNorm).MoveToOuterDisposeScope();
    }

    /// <summary>A segment whose layers the caller runs one by one, with or without gradients. Dispose it when the segment is done.</summary>
    /// <param name="ids">int64 [B, S].</param>
    /// <param name="cache">What came before; not changed.</param>
    internal SegmentLayers Layerwise(Tensor ids, KvCache cache) => new(this, ids, cache);

    // On the CPU, where nobody asks for gradients, element-wise work is done by our own kernels.
    private SegmentKernels? Kernels => Device.type == TorchSharp.DeviceType.CPU && !is_grad_enabled() ? kernels ??= new SegmentKernels(Pool, Native) : null;

    /// <summary>Logits of hidden states after the final norm: […, M] → […, V].</summary>
    public Tensor Logits(Tensor hidden) => MatrixProducts.Linear(hidden, Head);

    /// <summary>RMSNorm (Zhang &amp; Sennrich, arXiv 1910.07467): x · rsqrt(mean(x²) + ε) in float32, cast back, then times the weight.</summary>
    public Tensor Normalize(Tensor x, Tensor weight)
    {
        var wide = x.to(float32);
        return (wide * rsqrt(wide.square().mean([-1], true) + Config.RmsNormEpsilon)).to(x.dtype) * weight;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        native?.Dispose();
        pool?.Dispose();
        embedding.Dispose();
        finalNorm.Dispose();
        head?.Dispose();
        foreach (var layer in layers) layer.Dispose();
    }

    // cos, sin [B or 1, 1, S, D/2]; samples of equal length share one table.
    internal (Tensor Cos, Tensor Sin) PositionTables(KvCache cache, int tokens)
    {
        var next = cache.NextPositions;
        var rows = next.IndexOfAnyExcept(next[0]) < 0 ? 1 : next.Length;
        var positions = new long[rows * tokens];
        for (var b = 0; b < rows; b++) for (var t = 0; t < tokens; t++) positions[b * tokens + t] = next[b] + t;
        var (cos, sin) = Rotary.Tables(positions);
        var shape = new long[] { rows, 1, tokens, Config.HeadDim / 2 };
        return (cos.view(shape).to(Device), sin.view(shape).to(Device));
    }

    internal Tensor RunLayer(int index, Tensor x, Tensor cos, Tensor sin, LayerCache cache, SegmentMask mask, SegmentOptions options)
    {
        var layer = layers[index];
        var (batch, tokens, headDim) = (x.shape[0], x.shape[1], (long)Config.HeadDim);
        var fast = Kernels;
        var input = fast is null ? Normalize(x, layer.AttentionNorm) : fast.Normalize(x, index);
        var qkv = MatrixProducts.Linear(input, layer.Qkv, layer.QkvBias);
        var heads = qkv.view(batch, tokens, Config.QueryHeads + 2 * Config.KeyValueHeads, headDim).transpose(1, 2);
        var rawQueries = heads.narrow(1, 0, Config.QueryHeads);                               // [B, H_q, S, D]
        var rawKeys = heads.narrow(1, Config.QueryHeads, Config.KeyValueHeads);               // [B, H_kv, S, D]
        var (queries, keys, values) = fast is null
            ? (RotaryEmbedding.Rotate(rawQueries, cos, sin), RotaryEmbedding.Rotate(rawKeys, cos, sin), heads.narrow(1, Config.QueryHeads + Config.KeyValueHeads, Config.KeyValueHeads))
            : fast.SplitRotate(qkv, cos, sin);

        var attended = Attention.Attend(queries, keys, values, cache, mask).transpose(1, 2).reshape(batch, tokens, Config.QueryHeads * headDim);
        var output = Mlp(layer, index, x, MatrixProducts.Linear(attended, layer.Output, layer.OutputBias), fast);

        if (options.Append) cache.Tail.Append(keys, values);
        Tensor? Shown(CaptureNeeds need, Tensor tensor) => options.Capture.HasFlag(need) ? tensor : null;
        options.OnLayer?.Invoke(new LayerCapture
        {
            Layer = index,
            Keys = keys,
            Values = values,
            Queries = Shown(CaptureNeeds.Queries, queries),
            PreRopeQueries = Shown(CaptureNeeds.PreRopeQueries, rawQueries),
            PreRopeKeys = Shown(CaptureNeeds.PreRopeKeys, rawKeys),
            AttentionInput = Shown(CaptureNeeds.AttentionInput, input),
            Output = Shown(CaptureNeeds.Output, output),
        });
        return output;
    }

    // x + attention output, then the feed-forward part on top: the residual stream behind the layer.
    private Tensor Mlp(DecoderLayer layer, int index, Tensor x, Tensor attended, SegmentKernels? fast)
    {
        if (fast is not null)
        {
            var normed = fast.AddNormalize(x, attended, index);                     // x now holds the sum
            var active = fast.Activate(MatrixProducts.Linear(normed, layer.GateUp, layer.GateUpBias));
            return MatrixProducts.Linear(active, layer.Down, layer.DownBias).add_(x);
        }
        var residual = x + attended;
        var gateUp = MatrixProducts.Linear(Normalize(residual, layer.MlpNorm), layer.GateUp, layer.GateUpBias);
        var width = Config.IntermediateSize;
        var activated = nn.functional.silu(gateUp.narrow(-1, 0, width)) * gateUp.narrow(-1, width, width);
        return residual + MatrixProducts.Linear(activated, layer.Down, layer.DownBias);
    }
}
