using LST.Core;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Evaluation.Texts;
using static TorchSharp.torch;

namespace LST.Evaluation.Analysis;

/// <summary>
/// One prompt opened for looking at it: the first T tokens are the prefix that methods compress, the S behind it bring the queries that look back. The dense model reads it once,
/// and keys, values and queries of every layer are kept; methods compress the prefix on the way that a run takes. Queries are always those of the dense model, so that each layer
/// is seen by itself. Dispose it: it owns tensors, those of its compressed caches too.
/// </summary>
public sealed class PromptAnalysis : IDisposable
{
    /// <summary>Tokens behind the prefix where nothing is said.</summary>
    public const int DefaultContinuation = 128;

    private readonly Dictionary<string, CompressedAnalysis> compressed = [];
    private readonly List<CompressedAnalysis> given = [];
    private readonly PromptLayer[] layers;
    private readonly long[] ids;

    private PromptAnalysis(LoadedModel loaded, IReadOnlyList<int> ids, int prefix, string name, CancellationToken cancel)
    {
        (Loaded, Prefix, Name) = (loaded, prefix, name);
        this.ids = [.. ids.Select(id => (long)id)];
        Tokens = new TokenLabels(loaded.Tokenizer).Of(ids);
        layers = new PromptLayer[Model.Config.Layers];
        try
        {
            Read(cancel);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>T, tokens of the prefix.</summary>
    public int Prefix { get; }

    /// <summary>S, tokens behind it.</summary>
    public int Continuation => ids.Length - Prefix;

    /// <summary>Text of each token [T + S].</summary>
    public IReadOnlyList<string> Tokens { get; }

    /// <summary>The text's name.</summary>
    public string Name { get; }

    /// <summary>The model that reads.</summary>
    public LoadedModel Loaded { get; }

    internal LanguageModel Model => Loaded.Model;

    internal ReadOnlyMemory<long> PrefixIds => ids.AsMemory(0, Prefix);

    internal IReadOnlyList<PromptLayer> Layers => layers;

    /// <summary>Opens a text: BOS, then its ids.</summary>
    /// <param name="loaded">The model; stays the caller's, and is needed while the analysis lives.</param>
    /// <param name="text">The text.</param>
    /// <param name="prefix">T, BOS included.</param>
    /// <param name="continuation">S.</param>
    /// <param name="name">The text in words, for sources.</param>
    /// <param name="start">Ids of the text that are skipped, to open another place of it.</param>
    /// <param name="cancel">Stops between layers.</param>
    /// <exception cref="DataException">The text is too short.</exception>
    /// <exception cref="UsageException">A length is not positive, or longer than the model's.</exception>
    public static PromptAnalysis Of(LoadedModel loaded, string text, int prefix, int continuation = DefaultContinuation, string name = "prompt", int start = 0, CancellationToken cancel = default)
    {
        if (prefix < 1 || continuation < 1 || start < 0) throw new UsageException($"a prompt has at least 1 token of prefix and 1 behind it and starts at 0 or later, asked for were {prefix} and {continuation} from {start} on; give e.g. 512 and 128");
        var all = loaded.Encode(text);
        if (all.Length - start < prefix + continuation - 1)
            throw new DataException($"text '{name}' has {Math.Max(0, all.Length - start)} ids from {start} on, but {prefix + continuation - 1} are needed; give a longer text or a shorter prefix");
        return Of(loaded, [loaded.BosId, .. all.AsSpan(start, prefix + continuation - 1)], prefix, name, cancel);
    }

    /// <summary>Opens a text of the catalogue; as the other form.</summary>
    /// <param name="loaded">The model.</param>
    /// <param name="text">The text.</param>
    /// <param name="prefix">T, BOS included.</param>
    /// <param name="continuation">S.</param>
    /// <param name="start">Ids of the text that are skipped.</param>
    /// <param name="cancel">Stops between layers.</param>
    public static PromptAnalysis Of(LoadedModel loaded, LoadedText text, int prefix, int continuation = DefaultContinuation, int start = 0, CancellationToken cancel = default) =>
        Of(loaded, text.Content, prefix, continuation, text.Name, start, cancel);

    /// <summary>Opens ids as they are.</summary>
    /// <param name="loaded">The model.</param>
    /// <param name="ids">Prefix and continuation, with BOS where it belongs.</param>
    /// <param name="prefix">T, less than the number of ids.</param>
    /// <param name="name">The text in words.</param>
    /// <param name="cancel">Stops between layers.</param>
    /// <exception cref="UsageException">Nothing stands behind the prefix, an id has no row, or the prompt is longer than the model's.</exception>
    public static PromptAnalysis Of(LoadedModel loaded, IReadOnlyList<int> ids, int prefix, string name = "ids", CancellationToken cancel = default)
    {
        var config = loaded.Model.Config;
        if (prefix < 1 || prefix >= ids.Count) throw new UsageException($"a prompt of {ids.Count} ids must have a prefix of at least 1 and ids behind it, asked for was a prefix of {prefix}; give fewer or more ids");
        if (ids.Any(id => id < 0 || id >= config.VocabularySize)) throw new UsageException($"ids must be rows 0 to {config.VocabularySize - 1} of the embedding, found {ids.First(id => id < 0 || id >= config.VocabularySize)}; take ids of this model's tokenizer");
        if (ids.Count > config.MaxPositions) throw new UsageException($"a prompt of {ids.Count} ids is longer than the {config.MaxPositions} positions that model '{loaded.Identity.Name}' was trained on; give a shorter prefix or continuation");
        if (config.SlidingWindow is { } window && ids.Count - prefix >= window) throw new UsageException($"a continuation of {ids.Count - prefix} ids must be shorter than the sliding window of {window}, or its last queries see nothing of the prefix; give a shorter one");
        return new PromptAnalysis(loaded, ids, prefix, name, cancel);
    }

    /// <summary>Attention of one query head over the full cache: each row is the softmax over everything up to its query, of which the asked-for keys are shown.</summary>
    /// <param name="layer">Layer from 0.</param>
    /// <param name="head">Query head from 0.</param>
    /// <param name="queries">Positions of queries in prefix and continuation, such as <c>500..516</c>.</param>
    /// <param name="keys">Positions of keys; null: all up to the last query.</param>
    public AttentionMap Dense(int layer, int head, Range queries, Range? keys = null)
    {
        var (firstQuery, queryCount) = AnalysisBounds.Of(queries, ids.Length, "queries");
        var last = firstQuery + queryCount;
        var (firstKey, keyCount) = AnalysisBounds.Of(keys ?? ..last, ids.Length, "keys");
        AnalysisBounds.CheckHead(layer, head, Model.Config.Layers, Model.Config.QueryHeads, "query head");
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var held = layers[layer];
        var rows = held.Queries[head].narrow(0, firstQuery, queryCount).unsqueeze(0);
        var logits = PrefixAttention.Products(rows, held.Keys[head / Model.Config.GroupSize].unsqueeze(0))[0];
        var (at, of) = (arange(firstQuery, last, device: logits.device).unsqueeze(1), arange(ids.Length, device: logits.device).unsqueeze(0));
        logits.masked_fill_(of > at, float.NegativeInfinity);
        if (Model.Config.SlidingWindow is { } window) logits.masked_fill_(at - of >= window, float.NegativeInfinity);
        var weights = logits.softmax(-1).narrow(1, firstKey, keyCount);
        return new AttentionMap(SourceOf("dense"), layer, head, Texts(firstQuery, queryCount), [.. Enumerable.Range(firstQuery, queryCount)], Texts(firstKey, keyCount), [.. Enumerable.Range(firstKey, keyCount)], PlainRows.Of(weights));
    }

    /// <summary>The prefix compressed by a method; computed once.</summary>
    /// <param name="method">A method as on the command line, such as <c>lst</c> or <c>mean:log-mass=true</c>.</param>
    /// <param name="ratio">r.</param>
    public CompressedAnalysis Compress(string method, int ratio) => Compress(MethodSpec.Parse(method), Ratio.Of(ratio));

    /// <summary>The prefix compressed by a method; computed once.</summary>
    /// <param name="method">The method.</param>
    /// <param name="ratio">r.</param>
    /// <param name="cancel">Stops between layers.</param>
    public CompressedAnalysis Compress(MethodSpec method, Ratio ratio, CancellationToken cancel = default) => Compress([(method, ratio)], cancel)[0];

    /// <summary>The prefix compressed by a compressor that is not registered, such as one around a sidecar in memory; it stays the caller's.</summary>
    /// <param name="name">The method in words.</param>
    /// <param name="compressor">The compressor.</param>
    /// <param name="ratio">r.</param>
    /// <param name="cancel">Stops between layers.</param>
    public CompressedAnalysis Compress(string name, IKvCompressor compressor, Ratio ratio, CancellationToken cancel = default)
    {
        given.Add(Run([(name, compressor, ratio)], cancel)[0]);
        return given[^1];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var layer in layers) layer?.Dispose();
        foreach (var made in compressed.Values.Concat(given)) made.Dispose();
        compressed.Clear();
        given.Clear();
    }

    // One prefill for all that are not known yet.
    internal IReadOnlyList<CompressedAnalysis> Compress(IReadOnlyList<(MethodSpec Method, Ratio Ratio)> wanted, CancellationToken cancel = default)
    {
        static string Key((MethodSpec Method, Ratio Ratio) job) => $"{job.Method.Name}:{string.Join(':', job.Method.Options.Values.OrderBy(value => value.Key, StringComparer.Ordinal))}@{job.Ratio}";
        var missing = wanted.Where(job => !compressed.ContainsKey(Key(job))).DistinctBy(Key).ToList();
        if (missing.Count > 0)
        {
            var compressors = missing.GroupBy(job => job.Method).ToDictionary(group => group.Key, group => group.Key.Create());
            try
            {
                var made = Run([.. missing.Select(job => (job.Method.Typed, compressors[job.Method], job.Ratio))], cancel);
                for (var i = 0; i < made.Count; i++) compressed[Key(missing[i])] = made[i];
            }
            finally
            {
                foreach (var compressor in compressors.Values) compressor.Dispose();
            }
        }
        return [.. wanted.Select(job => compressed[Key(job)])];
    }

    internal IReadOnlyList<CompressedAnalysis> Run(IReadOnlyList<(string Name, IKvCompressor Compressor, Ratio Ratio)> jobs, CancellationToken cancel)
    {
        var origins = jobs.Select(_ => new IReadOnlyList<IReadOnlyList<SlotOrigin>>[layers.Length]).ToList();
        var work = jobs.Select((job, i) => new CompressionJob(job.Compressor, job.Ratio) { OnLayer = (layer, budget, made) => origins[i][layer.Layer] = job.Compressor.Origins(layer, budget, made) }).ToList();
        using var prompts = PromptCompression.Run(Model, PrefixIds, work, Loaded.Tokenizer, cancel);
        return [.. jobs.Select((job, i) => new CompressedAnalysis(this, job.Name, job.Ratio, prompts.Jobs[i].Cache, origins[i]))];
    }

    internal string SourceOf(string method) => $"{Loaded.Identity.Name}, {method}, {Name}";

    internal IReadOnlyList<string> Texts(int first, int count) => [.. Tokens.Skip(first).Take(count)];

    private void Read(CancellationToken cancel)
    {
        using var pause = CollectionPause.Begin();
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        using var cache = Model.NewCache(1, Prefix);
        var prefix = new (Tensor Keys, Tensor Values, Tensor Queries, Tensor PreRopeQueries)[layers.Length];
        Tensor Row(int first, int count) => tensor(ids.AsSpan(first, count).ToArray(), 1, count).to(Model.Device);
        static Tensor Own(Tensor seen) => seen[0].to(float32).clone().DetachFromDisposeScope();
        try
        {
            // Two passes, as a run takes them: the keys of the prefix are then the same bits that methods compress.
            Model.Run(Row(0, Prefix), cache, new SegmentOptions
            {
                Capture = CaptureNeeds.Queries | CaptureNeeds.PreRopeQueries,
                Cancel = cancel,
                OnLayer = seen => prefix[seen.Layer] = (Own(seen.Keys), Own(seen.Values), Own(seen.Queries!), Own(seen.PreRopeQueries!)),
            });
            Model.Run(Row(Prefix, Continuation), cache, new SegmentOptions
            {
                Append = false,
                Capture = CaptureNeeds.Queries,
                Cancel = cancel,
                OnLayer = seen =>
                {
                    var before = prefix[seen.Layer];
                    Tensor Joined(Tensor first, Tensor behind) => cat([first, behind[0].to(float32)], 1).DetachFromDisposeScope();
                    layers[seen.Layer] = new PromptLayer(Joined(before.Keys, seen.Keys), Joined(before.Values, seen.Values), Joined(before.Queries, seen.Queries!), before.PreRopeQueries);
                },
            });
        }
        finally
        {
            foreach (var (seen, i) in prefix.Select((seen, i) => (seen, i)))
            {
                seen.Keys?.Dispose();
                seen.Values?.Dispose();
                seen.Queries?.Dispose();
                // The layer took it over, where the second pass came so far.
                if (layers[i] is null) seen.PreRopeQueries?.Dispose();
            }
        }
    }
}
