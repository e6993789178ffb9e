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
    /// <param name="cancel">While decoding: ends early with what is there; before that, as any cancelled work.</param>
    /// <exception cref="UsageException">No prompt, no token wanted, or more than the model's trained length.</exception>
    /// <exception cref="CompressionException">A prompt is empty, or a cache did not become what was planned.</exception>
    public IReadOnlyList<GenerationResult> Run(IReadOnlyList<long[]> prompts, GenerationRequest request, Action<int, int>? onToken = null, CancellationToken cancel = default)
    {
        Check(prompts, request);
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        using var prepared = Prepare(prompts, request, cancel);
        var samplers = prompts.Select((_, b) => new Sampler(request.Sampling with { Seed = request.Sampling.Seed + b })).ToArray();
        var generated = prompts.Select(_ => new List<int>(request.NewTokens)).ToArray();
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

    private void Check(IReadOnlyList<long[]> prompts, GenerationRequest request)
    {
        if (prompts.Count == 0) throw new UsageException("there is no prompt; give at least one");
        if (request.NewTokens < 1) throw new UsageException($"{request.NewTokens} new tokens are asked for; ask for at least 1");
        request.Sampling.Checked();
        foreach (var prompt in prompts)
            if ((long)prompt.Length + request.NewTokens > model.Config.MaxPositions)
                throw new UsageException($"{prompt.Length} prompt tokens and {request.NewTokens} new ones are more than the {model.Config.MaxPositions} positions that model '{model.Name}' was trained on; give a shorter prompt or smaller --tokens");
    }

    private Prepared Prepare(IReadOnlyList<long[]> prompts, GenerationRequest request, CancellationToken cancel)
    {
        List<CompressedPrompts> parts = [];
        using var compressor = request.Method.Create();
        try
        {
            foreach (var prompt in prompts)
            {
                parts.Add(PromptCompression.Run(model, prompt, [new CompressionJob(compressor, request.Ratio)], tokenizer, cancel));
                parts[^1].Dense.Dispose();             // only one prompt's full cache at a time
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
