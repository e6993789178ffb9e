using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Text;
using static TorchSharp.torch;

namespace LST.Core.Models.Generation;

/// <summary>What is to be generated.</summary>
/// <param name="Method">How the prompts' caches are compressed.</param>
/// <param name="Ratio">r.</param>
/// <param name="NewTokens">Most tokens a prompt gets.</param>
/// <param name="Sampling">How tokens are chosen.</param>
/// <param name="StopIds">Ids that end a text; they are not part of it.</param>
public sealed record GenerationRequest(MethodSpec Method, Ratio Ratio, int NewTokens, SamplingOptions Sampling, IReadOnlyList<int> StopIds);

/// <summary>What came of one prompt.</summary>
/// <param name="Ids">Generated ids.</param>
/// <param name="PromptTokens">T.</param>
/// <param name="KeptSlots">Slots of the compressed prompt over all layers and KV heads.</param>
/// <param name="CacheBytes">Their bytes.</param>
public sealed record GenerationResult(int[] Ids, int PromptTokens, long KeptSlots, long CacheBytes);

/// <summary>
/// Token-by-token decoding of a batch over compressed caches. Each prompt is prefilled and compressed by itself; the caches are joined, ragged as they
/// are, and decoded together. The new tokens stay dense, at their true positions.
/// </summary>
public sealed class Generator(LanguageModel model, ITokenizer? tokenizer = null)
{
    /// <summary>Generates for all prompts.</summary>
    /// <param name="prompts">Ids of each prompt, BOS included.</param>
    /// <param name="request">What is wanted.</param>
    /// <param name="onToken">Called with (prompt, id) for each new token as it comes.</param>
    /// <param name="cancel">Ends early with what is there.</param>
    public IReadOnlyList<GenerationResult> Run(IReadOnlyList<long[]> prompts, GenerationRequest request, Action<int, int>? onToken = null, CancellationToken cancel = default)
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        using var prepared = Prepare(prompts, request, cancel);
        var samplers = prompts.Select((_, b) => new Sampler(request.Sampling with { Seed = request.Sampling.Seed + b })).ToArray();
        var generated = prompts.Select(_ => new List<int>()).ToArray();
        var finished = new bool[prompts.Count];
        var next = new long[prompts.Count];
        using var step = new DecodeLoop(model, prepared.Cache);
        var logits = step.Logits(prepared.LastHidden);
        for (var made = 0; made < request.NewTokens; made++)
        {
            for (var b = 0; b < next.Length; b++)
            {
                if (finished[b]) continue;
                var id = samplers[b].Next(logits.Span.Slice(b * model.Config.VocabularySize, model.Config.VocabularySize));
                finished[b] = request.StopIds.Contains(id);
                next[b] = id;
                if (finished[b]) continue;
                generated[b].Add(id);
                onToken?.Invoke(b, id);
            }
            if (made + 1 == request.NewTokens || cancel.IsCancellationRequested || Array.TrueForAll(finished, done => done)) break;
            logits = step.Next(next);
        }
        return [.. prompts.Select((prompt, b) => new GenerationResult([.. generated[b]], prompt.Length, prepared.Kept[b].Slots, prepared.Kept[b].Bytes))];
    }

    private Prepared Prepare(IReadOnlyList<long[]> prompts, GenerationRequest request, CancellationToken cancel)
    {
        List<CompressedPrompts> parts = [];
        using var compressor = request.Method.Create();
        try
        {
            foreach (var prompt in prompts)
            {
                if (prompt.Length + (long)request.NewTokens > model.Config.MaxPositions)
                    throw new UsageException($"{prompt.Length} prompt tokens and {request.NewTokens} new ones are more than the {model.Config.MaxPositions} positions that model '{model.Name}' was trained on; give a shorter prompt or smaller --tokens");
                parts.Add(PromptCompression.Run(model, prompt, [new CompressionJob(compressor, request.Ratio)], tokenizer, cancel));
            }
            (long, long)[] kept = [.. parts.Select(part => (part.Jobs[0].Plan.Total, part.Jobs[0].Bytes))];
            var cache = KvCache.Join(model.Config, [.. parts.Select(part => part.Jobs[0].Cache)], model.Dtype, model.Device, Math.Clamp(request.NewTokens, 1, 256));
            var last = cat([.. parts.Select(part => part.LastHidden)], 0).DetachFromDisposeScope();
            return new Prepared(cache, last, kept);
        }
        finally
        {
            foreach (var part in parts) part.Dispose();
        }
    }

    private sealed record Prepared(KvCache Cache, Tensor LastHidden, IReadOnlyList<(long Slots, long Bytes)> Kept) : IDisposable
    {
        public void Dispose()
        {
            Cache.Dispose();
            LastHidden.Dispose();
        }
    }
}
