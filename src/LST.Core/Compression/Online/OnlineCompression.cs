using LST.Core.Caching;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Compression.Online;

/// <summary>
/// A cache that is compressed while tokens arrive, one by one or in segments. A step runs over the cache as it is, at true positions, so that its logits
/// are those before it is compressed itself; then the method compresses each layer, and every head of every layer and sample must hold the planned slots.
/// </summary>
public sealed class OnlineCompression : IDisposable
{
    private readonly LanguageModel model;
    private readonly OnlineNeeds needs;
    private readonly IOnlinePlan plan;
    private readonly IReadOnlyList<IOnlineLayer> layers;
    private readonly long[] startPositions, startTokens;
    private readonly int[] longestAtStart;

    private OnlineCompression(LanguageModel model, IOnlineCompressor compressor, OnlineBudget budget, KvCache cache, IReadOnlyList<PromptEnd> prompts)
    {
        (this.model, Cache, needs, plan) = (model, cache, compressor.OnlineNeeds, compressor.PlanOnline(budget));
        startPositions = cache.NextPositions.ToArray();
        longestAtStart = [.. startPositions.Select((_, b) => cache.Layers.Max(layer => layer.Prefix is null ? 0 : Enumerable.Range(0, model.Config.KeyValueHeads).Max(h => layer.Prefix.Length(b, h))))];
        var start = new OnlineStart(model.Config, model.Rotary, budget, cache, prompts);
        startTokens = start.TokensSeen();
        layers = compressor.Begin(start);
    }

    /// <summary>The cache; <see cref="KvCache.NextPositions"/> are true counts of tokens.</summary>
    public KvCache Cache { get; }

    /// <summary>Time that compression took so far, the attention that the method looks at included.</summary>
    public TimeSpan Compressing { get; private set; }

    /// <summary>What the method remembers of each layer.</summary>
    public IReadOnlyList<IOnlineLayer> Layers => layers;

    /// <summary>Whether tokens may also be appended by others, who then call <see cref="Compress"/>: the method reads nothing but the cache.</summary>
    public bool ReadsCacheAlone => needs == OnlineNeeds.None;

    /// <summary>Bytes over all layers and samples: prefix with its spare rows, allocated tail, and what the method remembers.</summary>
    public long Bytes => Cache.Bytes + layers.Sum(layer => layer.Bytes);

    /// <summary>Tokens of a sample so far.</summary>
    public long Seen(int sample = 0) => startTokens[sample] + Cache.NextPositions[sample] - startPositions[sample];

    /// <summary>Position of the next token of a sample: the number of its tokens, unless its prompt was renumbered.</summary>
    public long NextPosition(int sample = 0) => Cache.NextPositions[sample];

    /// <summary>Slots of a sample over all layers and KV heads, dense tokens included.</summary>
    public long Slots(int sample = 0) => Cache.Layers.Sum(layer =>
        Enumerable.Range(0, model.Config.KeyValueHeads).Sum(h => (layer.Prefix?.Length(sample, h) ?? 0L) + layer.Tail.Length));

    /// <summary>As <see cref="Bytes"/>, of one sample.</summary>
    public long BytesOf(int sample) => Cache.Layers.Sum(layer => (layer.Prefix?.BytesOf(sample) ?? 0) + layer.Tail.Bytes / Cache.Batch) + layers.Sum(layer => layer.Bytes) / Cache.Batch;

    /// <summary>A compressor as one that goes on while tokens arrive.</summary>
    /// <exception cref="UsageException">It compresses prompts only.</exception>
    public static IOnlineCompressor Require(IKvCompressor compressor, string name) => compressor as IOnlineCompressor
        ?? throw new UsageException($"method '{name}' compresses a prompt once and cannot go on while tokens arrive; methods that can: {MethodRegistry.OnlineNames}");

    /// <summary>Starts from an empty cache.</summary>
    /// <param name="model">The model; the caller's.</param>
    /// <param name="compressor">The method; the caller's, and used by this cache alone while it lives.</param>
    /// <param name="budget">Slots of a head: a ratio above 1, or a number.</param>
    /// <param name="batch">B.</param>
    /// <param name="segmentTokens">Most tokens of a usual step.</param>
    /// <exception cref="LstException">The method cannot work at this budget or with these options.</exception>
    public static OnlineCompression Empty(LanguageModel model, IOnlineCompressor compressor, OnlineBudget budget, int batch = 1, int segmentTokens = 1)
    {
        var plan = Planned(model, compressor, budget);
        return Begin(model, compressor, budget, model.NewCache(batch, BlockTokens(plan, segmentTokens)), []);
    }

    /// <summary>Goes on from compressed prompts, which become one batch and give up their caches' prefixes.</summary>
    /// <param name="model">The model; the caller's.</param>
    /// <param name="compressor">The method that compressed them.</param>
    /// <param name="budget">Slots of a head: a ratio above 1, or a number.</param>
    /// <param name="prompts">Compressed caches, batch 1 each, at true positions.</param>
    /// <param name="ends">Their raw last tokens, as <see cref="PlanOf"/> asks for; the caller's.</param>
    /// <param name="segmentTokens">Most tokens of a usual step.</param>
    /// <exception cref="LstException">The method cannot work at this budget or with these options.</exception>
    public static OnlineCompression Continue(LanguageModel model, IOnlineCompressor compressor, OnlineBudget budget, IReadOnlyList<KvCache> prompts, IReadOnlyList<PromptEnd> ends, int segmentTokens = 1)
    {
        if (prompts.Count == 0 || prompts.Count != ends.Count) throw new ArgumentException($"one end for each of at least one prompt expected, got {prompts.Count} prompts and {ends.Count} ends");
        var plan = Planned(model, compressor, budget);
        for (var b = 0; b < prompts.Count; b++)
            if (ends[b].Tokens < Math.Min(plan.PromptTokens, prompts[b].NextPositions[0]))
                throw new ArgumentException($"prompt {b}: its last {Math.Min(plan.PromptTokens, prompts[b].NextPositions[0])} tokens expected, got {ends[b].Tokens}");
        return Begin(model, compressor, budget, KvCache.Join(model.Config, prompts, model.Dtype, model.Device, BlockTokens(plan, segmentTokens)), ends);
    }

    /// <summary>The method's plan for a model.</summary>
    /// <exception cref="LstException">The method cannot work at this budget or with these options.</exception>
    public static IOnlinePlan PlanOf(LanguageModel model, IOnlineCompressor compressor, OnlineBudget budget) => Planned(model, compressor, budget);

    /// <summary>Runs ids at the next positions, then compresses.</summary>
    /// <param name="ids">int64 [B, S].</param>
    /// <returns>Hidden states after the final norm [B, S, M], made with the cache as it was before this step was compressed; in the current dispose scope.</returns>
    /// <exception cref="CompressionException">A head does not hold what was planned.</exception>
    public Tensor Step(Tensor ids)
    {
        using var noGradients = no_grad();
        var tokens = (int)ids.shape[1];
        var seen = Cache.NextPositions.ToArray().Select(position => position + tokens).ToArray();
        var hidden = model.Run(ids, Cache, new SegmentOptions
        {
            Capture = needs.HasFlag(OnlineNeeds.Attention) ? CaptureNeeds.Queries : CaptureNeeds.None,
            OnLayer = capture =>
            {
                var clock = DeviceClock.StartNew(model.Device);
                using var attention = capture.Queries is null ? null : new StepAttention(capture.Queries, Cache.Layers[capture.Layer], seen, model.Config.SlidingWindow);
                layers[capture.Layer].OnStep(new OnlineStep(capture.Layer, Cache.Layers[capture.Layer], seen, tokens, attention));
                Compressing += clock.Elapsed;
            },
        });
        Check();
        return hidden;
    }

    /// <summary>Compresses after others appended tokens to every layer and moved the positions on.</summary>
    /// <param name="newTokens">How many.</param>
    /// <exception cref="CompressionException">A head does not hold what was planned.</exception>
    public void Compress(int newTokens = 1)
    {
        if (!ReadsCacheAlone) throw new InvalidOperationException("the method reads more than the cache; run tokens by Step");
        using var noGradients = no_grad();
        var seen = Cache.NextPositions.ToArray();
        for (var l = 0; l < layers.Count; l++) layers[l].OnStep(new OnlineStep(l, Cache.Layers[l], seen, newTokens, null));
        Check();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var layer in layers) layer.Dispose();
        Cache.Dispose();
    }

    private static IOnlinePlan Planned(LanguageModel model, IOnlineCompressor compressor, OnlineBudget budget)
    {
        compressor.Attach(model.Target);
        return compressor.PlanOnline(budget);
    }

    // Half more than what is held, so that rows move to the front of the one block now and then.
    private static int BlockTokens(IOnlinePlan plan, int segmentTokens) => (3 * (plan.TailTokens + segmentTokens) + 1) / 2;

    private static OnlineCompression Begin(LanguageModel model, IOnlineCompressor compressor, OnlineBudget budget, KvCache cache, IReadOnlyList<PromptEnd> prompts)
    {
        try
        {
            return new OnlineCompression(model, compressor, budget, cache, prompts);
        }
        catch
        {
            cache.Dispose();
            throw;
        }
    }

    private void Check()
    {
        for (var b = 0; b < Cache.Batch; b++)
        {
            var arrived = Cache.NextPositions[b] - startPositions[b];
            var most = plan.MostSlots(Seen(b), longestAtStart[b], startTokens[b]);
            for (var l = 0; l < layers.Count; l++)
                for (var h = 0; h < model.Config.KeyValueHeads; h++)
                {
                    var held = (Cache.Layers[l].Prefix?.Length(b, h) ?? 0) + Cache.Layers[l].Tail.Length;
                    var planned = layers[l].PlannedSlots(b, h, arrived);
                    if (held != planned || held > most)
                        throw new CompressionException($"sample {b}, layer {l}, head {h}: after {Seen(b)} tokens {planned} slots were planned, {most} at most, and {held} are held; this is a defect of the method");
                }
        }
    }
}
