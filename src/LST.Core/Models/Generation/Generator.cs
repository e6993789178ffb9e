using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Compression.Online;
using LST.Core.Text;
using static TorchSharp.torch;

namespace LST.Core.Models.Generation;

/// <summary>What is to be generated.</summary>
/// <param name="Method">How the prompts' caches are compressed.</param>
/// <param name="Ratio">r.</param>
/// <param name="NewTokens">Most tokens a prompt gets.</param>
/// <param name="Sampling">How tokens are chosen.</param>
/// <param name="StopIds">Ids that end a text; they are not part of it.</param>
public sealed record GenerationRequest(MethodSpec Method, Ratio Ratio, int NewTokens, SamplingOptions Sampling, IReadOnlyList<int> StopIds)
{
    /// <summary>The cache goes on being compressed while it is decoded; the method must be able to.</summary>
    public bool IsOnline { get; init; }
}

/// <summary>What came of one prompt.</summary>
/// <param name="Ids">Generated ids.</param>
/// <param name="PromptTokens">T.</param>
/// <param name="KeptSlots">Slots of the compressed prompt over all layers and KV heads.</param>
/// <param name="CacheBytes">Their bytes.</param>
public sealed record GenerationResult(int[] Ids, int PromptTokens, long KeptSlots, long CacheBytes)
{
    /// <summary>The cache at the end, where it was compressed online.</summary>
    public CacheEnd? End { get; init; }
}

/// <summary>One sample's cache after its last step.</summary>
/// <param name="Tokens">Tokens seen: prompt and what was decoded.</param>
/// <param name="Slots">Slots over all layers and KV heads, dense ones included.</param>
/// <param name="Bytes">All that is allocated for them.</param>
public sealed record CacheEnd(long Tokens, long Slots, long Bytes);

/// <summary>
/// Token-by-token decoding of a batch over compressed caches. Each prompt is prefilled and compressed by itself; the caches are joined, ragged as they
/// are, and decoded together. The new tokens stay dense, at their true positions, unless the request asks for online compression.
/// </summary>
public sealed class Generator(LanguageModel model, ITokenizer? tokenizer = null)
{
    /// <summary>Generates for all prompts.</summary>
    /// <param name="prompts">Ids of each prompt, BOS included.</param>
    /// <param name="request">What is wanted.</param>
    /// <param name="onToken">Called with (prompt, id) for each new token as it comes.</param>
    /// <param name="cancel">While decoding: ends early with what is there; before that, as any cancelled work.</param>
    /// <exception cref="UsageException">No prompt, no token wanted, more than the model's trained length, or a method that cannot go on online.</exception>
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
        using var step = prepared.Online is null ? new DecodeLoop(model, prepared.Cache) : new DecodeLoop(model, prepared.Online);
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
        return [.. prompts.Select((prompt, b) => new GenerationResult([.. generated[b]], prompt.Length, prepared.Kept[b].Slots, prepared.Kept[b].Bytes)
        {
            End = prepared.Online is { } online ? new CacheEnd(online.Seen(b), online.Slots(b), online.BytesOf(b)) : null,
        })];
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
        List<PromptEnd> ends = [];
        var compressor = request.Method.Create();
        try
        {
            var going = request.IsOnline ? OnlineCompression.Require(compressor, request.Method.Name) : null;
            var wanted = going is null ? 0 : OnlineCompression.PlanOf(model, going, request.Ratio).PromptTokens;
            foreach (var prompt in prompts)
            {
                parts.Add(PromptCompression.Run(model, prompt, [new CompressionJob(compressor, request.Ratio) { GoesOn = going is not null }], tokenizer, cancel));
                if (going is not null) ends.Add(PromptEnd.Of(parts[^1].Dense, wanted));
                parts[^1].Dense.Dispose();             // only one prompt's full cache at a time
            }
            (long, long)[] kept = [.. parts.Select(part => (part.Jobs[0].Slots, part.Jobs[0].Bytes))];
            KvCache[] caches = [.. parts.Select(part => part.Jobs[0].Cache)];
            var online = going is null ? null : OnlineCompression.Continue(model, going, request.Ratio, caches, ends);
            var cache = online?.Cache ?? KvCache.Join(model.Config, caches, model.Dtype, model.Device, Math.Clamp(request.NewTokens, 1, 256));
            var last = cat([.. parts.Select(part => part.LastHidden)], 0).DetachFromDisposeScope();
            return new Prepared(compressor, cache, online, last, kept);
        }
        catch
        {
            compressor.Dispose();
            throw;
        }
        finally
        {
            foreach (var part in parts) part.Dispose();
            foreach (var end in ends) end.Dispose();
        }
    }

    private sealed record Prepared(IKvCompressor Compressor, KvCache Cache, OnlineCompression? Online, Tensor LastHidden, IReadOnlyList<(long Slots, long Bytes)> Kept) : IDisposable
    {
        public void Dispose()
        {
            if (Online is null) Cache.Dispose();
            else Online.Dispose();
            Compressor.Dispose();
            LastHidden.Dispose();
        }
    }
}
