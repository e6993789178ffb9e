using System.Diagnostics;
using System.Globalization;
using LST.Core;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Evaluation.Perplexity.DocumentCompatible;
using LST.Evaluation.Records;
using LST.Evaluation.Statistics;
using LST.Evaluation.Texts;
using static TorchSharp.torch;

namespace LST.Evaluation.Perplexity;

/// <summary>
/// Protocols E0, E1 and E3. E1: chunk c is BOS and P + S − 1 ids; ids 0 … P − 2 are prefilled once for all methods and compressed to every ratio; one causal pass
/// over ids P − 1 … P + S − 2 at their true positions scores the S ids P … P + S − 1. E0: independent dense blocks.
/// E3: frozen lines of <c>wikitext2</c>, the first half of each compressed, the second scored but for its first id (<see cref="LineSamples"/>), every method in its published form and, where
/// the paper's table had it, as printed. Finished chunks are in a journal: a run
/// that was stopped goes on where it was.
/// </summary>
public sealed class PerplexityRun
{
    private readonly LoadedModel loaded;
    private readonly PerplexitySettings settings;
    private readonly List<Row> rows;
    private readonly List<string> notes = [];

    /// <summary>A run of one model; texts follow.</summary>
    public PerplexityRun(LoadedModel loaded, PerplexitySettings settings)
    {
        settings.Check();
        (this.loaded, this.settings) = (loaded, settings);
        rows = Rows(settings, loaded.Model.Target, notes);
        Prefix = settings.PrefixFor(loaded.Model.Config.MaxPositions);
        settings.CheckPositions(loaded.Model.Config, loaded.Identity.Name);
    }

    /// <summary>P, the block length, or the most ids of a sample.</summary>
    public int Prefix { get; }

    /// <summary>Sentences on rows that were left out.</summary>
    public IReadOnlyList<string> Notes => notes;

    /// <summary>Where journals lie; null: no journal.</summary>
    public string? JournalFolder { get; init; }

    /// <summary>Where a text's record is written before its journal is deleted, so that nothing is lost between the two; null: not written.</summary>
    public RecordStore? Store { get; init; }

    // Samples of E3 differ in length: they have no bins.
    private int[] Edges => settings.Protocol switch
    {
        "e1" => OffsetBins.Edges(settings.Suffix),
        "e3" => [],
        _ => [.. new[] { 0, 64, 256, 512, 1024 }.Where(e => e < Prefix - 1), Prefix - 1],
    };

    /// <summary>Runs one text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="command">The command line for the record.</param>
    /// <param name="progress">Told after each chunk.</param>
    /// <param name="cancel">Stops between layers; finished chunks stay in the journal.</param>
    /// <exception cref="CompressionException">A cache did not shrink as planned, or no cache of a method is small enough for the bytes.</exception>
    /// <exception cref="DataException">Too short a text, or too little memory.</exception>
    public PerplexityRecord Run(LoadedText text, string command, IRunProgress? progress = null, CancellationToken cancel = default)
    {
        progress ??= new SilentProgress();
        var clock = Stopwatch.StartNew();
        var (chunks, lines) = Chunks(text);
        MemoryEstimate.Require($"one chunk with {rows.Count} rows", MemoryNeeded);
        using var compressors = new CompressorSet(rows, loaded.Model.Target);
        using var journal = JournalFolder is null ? null : ChunkJournal<ChunkResult>.Open(JournalFolder, Key(text, chunks));
        var results = rows.Select(_ => new ChunkResult?[chunks.Count]).ToArray();
        for (var c = 0; c < chunks.Count; c++)
            for (var r = 0; r < rows.Count; r++)
                if (journal is not null && journal.TryGet(rows[r].Key, c, out var known)) results[r][c] = known;
        var finished = Enumerable.Range(0, chunks.Count).Count(c => results.All(row => row[c] is not null));
        progress.Begin($"{loaded.Identity.Name} · {text.Name} · {settings.Protocol}", chunks.Count, finished);

        for (var c = 0; c < chunks.Count; c++)
        {
            var missing = Enumerable.Range(0, rows.Count).Where(r => results[r][c] is null).ToList();
            if (missing.Count == 0) continue;
            foreach (var (row, result) in Evaluate(chunks[c], missing, compressors, cancel))
            {
                // The same method may stand in the table under two spellings.
                if (journal?.TryGet(rows[row].Key, c, out _) == false) journal.Append(rows[row].Key, c, result);
                results[row][c] = result;
            }
            progress.Advance(1, string.Create(CultureInfo.InvariantCulture, $"dense ppl {RunningPerplexity(chunks, results[0]):0.00}"));
        }
        var record = Record(text, command, chunks, results!, loaded.LoadTime + clock.Elapsed) with { SampleLines = lines };
        if (Store is not null) record = Store.Write(record);
        journal?.Complete();
        return record;
    }

    /// <summary>Refuses what does not fit a model's shape, before its weights are read: chunks beyond its positions, methods that would keep everything.</summary>
    /// <exception cref="UsageException">A chunk is too long, or an option does not fit.</exception>
    /// <exception cref="CompressionException">A method would keep every slot.</exception>
    public static void CheckFor(PerplexitySettings settings, ModelConfig config, string model)
    {
        settings.CheckPositions(config, model);
        var target = new ModelTarget(model, null, config);
        var rows = Rows(settings, target, []);
        // Of samples the shortest has the least to compress.
        var tokens = settings.Protocol == "e3" ? LineSamples.Shortest / 2 : settings.PrefixFor(config.MaxPositions) - 1;
        using var compressors = new CompressorSet(rows, target);
        for (var r = 1; r < rows.Count; r++)
        {
            // Those that run the model first plan from what it shows.
            if (compressors[r].Needs.HasFlag(CompressorNeeds.ModelPasses)) continue;
            var plan = compressors[r].Plan(new PlanContext(tokens, config.Layers, config.KeyValueHeads, settings.BudgetOf(rows[r], tokens)) { Asked = rows[r].Ratio });
            rows[r].RequireCompression(plan.Total, (long)config.Layers * config.KeyValueHeads * tokens, tokens);
        }
    }

    private static List<Row> Rows(PerplexitySettings settings, ModelTarget model, List<string> notes)
    {
        List<Row> rows = [new Row(MethodSpec.Parse("dense"), Ratio.One)];
        if (settings.Protocol == "e0") return rows;
        foreach (var method in settings.TableMethods())
        {
            using var compressor = method.IsOptional ? method.Create() : null;
            compressor?.Attach(model);
            foreach (var ratio in settings.Ratios)
            {
                if (compressor?.Missing(ratio) is not { } sentence) rows.Add(new Row(method, ratio));
                else if (!notes.Contains(sentence)) notes.Add(sentence);
            }
        }
        return rows;
    }

    // Of samples the numbers of their lines, too.
    private (IReadOnlyList<Chunk> Chunks, IReadOnlyList<int>? Lines) Chunks(LoadedText text)
    {
        if (settings.Protocol == "e3") return LineSamples.Of(text, line => loaded.Encode(line), loaded.BosId, settings.Chunks);
        var (cut, cached, scored) = settings.Protocol == "e1"
            ? (ChunkedText.WithBosEach(text.Name, loaded.Encode(text.Content), loaded.BosId, Prefix + settings.Suffix, settings.Chunks), Prefix - 1, settings.Suffix)
            : (ChunkedText.Blocks(text.Name, loaded.Encode(BlockedText.Join(text)), loaded.BosId, Prefix, settings.Chunks), Prefix, Prefix - 1);
        return ([.. Enumerable.Range(0, cut.Count).Select(c => new Chunk(cut[c], cached, scored))], null);
    }

    /// <summary>What one chunk will take at most, bytes.</summary>
    internal long MemoryNeeded => settings.Protocol switch
    {
        "e1" => MemoryEstimate.Chunk(loaded.Model.Config, loaded.Model.Dtype, Prefix, settings.Suffix, rows.Skip(1).Sum(row => 1 / row.Ratio.Value)),
        "e3" => MemoryEstimate.Chunk(loaded.Model.Config, loaded.Model.Dtype, Prefix / 2, Prefix / 2, rows.Skip(1).Sum(row => EqualProtection.Slots(row.Ratio, Prefix / 2) / (Prefix / 2.0))),
        _ => MemoryEstimate.Chunk(loaded.Model.Config, loaded.Model.Dtype, Prefix, 1, 0),
    };

    private IEnumerable<(int Row, ChunkResult Result)> Evaluate(Chunk chunk, List<int> missing, CompressorSet compressors, CancellationToken cancel)
    {
        if (settings.Protocol == "e0")
        {
            yield return (0, EvaluateBlock(chunk.Ids, cancel));
            yield break;
        }
        using var scope = NewDisposeScope();
        var tokens = chunk.CachedTokens;
        var jobRows = missing.Where(r => r > 0).ToList();
        if (settings.Equal == EqualBasis.Bytes) FitBytes(chunk.Prompt, jobRows, compressors, cancel);
        using var prompts = PromptCompression.Run(loaded.Model, chunk.Prompt, [.. jobRows.Select(r => new CompressionJob(compressors[r], settings.BudgetOf(rows[r], tokens)) { Asked = rows[r].Ratio })], loaded.Tokenizer, cancel);
        if (missing.Contains(0))
            yield return (0, Result(rows[0], ContinuationScorer.Score(loaded.Model, prompts.Dense, chunk.Inputs.Span, chunk.Targets.Span, cancel), DenseSlots(tokens), DenseBytes(tokens), 0, prompts.PrefillMilliseconds));
        for (var j = 0; j < jobRows.Count; j++)
        {
            var (row, prompt) = (rows[jobRows[j]], prompts.Jobs[j]);
            row.RequireCompression(prompt.Slots, DenseSlots(tokens), tokens);
            row.RequireBytes(prompt.Bytes, DenseBytes(tokens), settings.Equal);
            var losses = ContinuationScorer.Score(loaded.Model, prompt.Cache, chunk.Inputs.Span, chunk.Targets.Span, cancel);
            var result = Result(row, losses, prompt.Slots, prompt.Bytes, prompt.Milliseconds, prompts.PrefillMilliseconds);
            prompt.Dispose();                  // the other rows need the memory of its padded view
            yield return (jobRows[j], result);
        }
    }

    private ChunkResult EvaluateBlock(long[] ids, CancellationToken cancel)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var cache = loaded.Model.NewCache(1, Prefix);
        var clock = DeviceClock.StartNew(loaded.Model.Device);
        var hidden = loaded.Model.Run(tensor(ids, 1, ids.Length).to(loaded.Model.Device), cache, new SegmentOptions { Append = false, Cancel = cancel });
        var elapsed = clock.Elapsed.TotalMilliseconds;
        return Result(rows[0], TokenLosses.Of(loaded.Model, hidden[0].narrow(0, 0, ids.Length - 1), ids.AsSpan(1)), DenseSlots(Prefix), DenseBytes(Prefix), 0, elapsed);
    }

    // Once a run: the largest n of each row whose cache is no larger than dense bytes / r. All chunks have the same T, so that it serves for all.
    private void FitBytes(ReadOnlyMemory<long> prompt, List<int> jobRows, CompressorSet compressors, CancellationToken cancel)
    {
        for (var open = jobRows.Where(r => !rows[r].BudgetIsFitted).ToList(); open.Count > 0;)
        {
            using var trial = PromptCompression.Run(loaded.Model, prompt, [.. open.Select(r => new CompressionJob(compressors[r], rows[r].Budget) { Asked = rows[r].Ratio })], loaded.Tokenizer, cancel);
            for (var j = 0; j < trial.Jobs.Count; j++) rows[open[j]].Fit(trial.Jobs[j], DenseBytes(prompt.Length), prompt.Length);
            open.RemoveAll(r => rows[r].BudgetIsFitted);
        }
    }

    private ChunkResult Result(Row row, double[] losses, long slots, long bytes, double compress, double prefill)
    {
        // Neither a journal nor a record can hold it, and no average over it means anything.
        if (Array.FindIndex(losses, loss => !double.IsFinite(loss)) is var first and >= 0)
            throw new DataException($"{row.Method.Typed} at {row.Ratio}:1: the loss of scored id {first} is {losses[first]}; losses are finite numbers, so the weights of '{loaded.Identity.Name}' are damaged or overflow in {PerplexityNames.Dtype(loaded.Model.Dtype)}: try --dtype float32");
        return new ChunkResult(losses.Sum(), OffsetBins.Sum(losses, Edges), slots, bytes, compress, prefill);
    }

    private long DenseSlots(int tokens) => (long)loaded.Model.Config.Layers * loaded.Model.Config.KeyValueHeads * tokens;

    // Keys, values, and one int32 position a token and layer, as the packed layer would hold them.
    private long DenseBytes(int tokens) => DenseSlots(tokens) * 2 * loaded.Model.Config.HeadDim * (loaded.Model.Dtype == float32 ? 4 : 2) + 4L * loaded.Model.Config.Layers * tokens;

    private double RunningPerplexity(IReadOnlyList<Chunk> chunks, ChunkResult?[] results)
    {
        int[] done = [.. Enumerable.Range(0, chunks.Count).Where(c => results[c] is not null)];
        return Math.Exp(ChunkAverages.MeanLoss(settings.Average, [.. done.Select(c => results[c]!.Nll)], [.. done.Select(c => chunks[c].ScoredTokens)]));
    }

    private string Key(LoadedText text, IReadOnlyList<Chunk> chunks) => JournalKey.Of(new
    {
        loaded.Identity.WeightsSha256, loaded.Model.Config, text.Sha256, IdsSha256 = Chunk.Digest(chunks.Select(chunk => chunk.Ids)), settings.Protocol, Prefix, settings.Suffix, Dtype = PerplexityNames.Dtype(loaded.Model.Dtype), Device = loaded.Model.Device.ToString(),
        loaded.Model.Attention.Name, settings.Equal, Threads = get_num_threads(), Core = typeof(LstException).Module.ModuleVersionId, Evaluation = typeof(PerplexityRun).Module.ModuleVersionId,
    });

    private PerplexityRecord Record(LoadedText text, string command, IReadOnlyList<Chunk> chunks, ChunkResult[][] results, TimeSpan elapsed)
    {
        var bootstrap = new PairedBootstrap(chunks.Count, settings.Seed);
        var (tokens, slots, bytes) = (chunks.Sum(chunk => (double)chunk.CachedTokens), chunks.Sum(chunk => (double)DenseSlots(chunk.CachedTokens)), chunks.Sum(chunk => (double)DenseBytes(chunk.CachedTokens)));
        int[] counts = [.. chunks.Select(chunk => chunk.ScoredTokens)];
        double[] denseNll = [.. results[0].Select(r => r.Nll)];
        PerplexityRow Summary(int r) => new PerplexityRow
        {
            Text = text.Name,
            Method = rows[r].Method.Typed,
            Options = PerplexityNames.Json(rows[r].Method.Options, rows[r].Details),
            Ratio = rows[r].Ratio.Value,
            RatioEffective = slots / results[r].Sum(x => x.KeptSlots),
            NllByOffset = [.. Enumerable.Range(0, Math.Max(0, Edges.Length - 1)).Select(bin => results[r].Sum(x => x.BinNll[bin]) / chunks.Count / (Edges[bin + 1] - Edges[bin]))],
            Chunks = chunks.Count,
            KeptSlotsMean = results[r].Average(x => (double)x.KeptSlots) / loaded.Model.Config.Layers / loaded.Model.Config.KeyValueHeads,
            BytesPerToken = results[r].Sum(x => (double)x.CacheBytes) / tokens,
            DenseBytesPerToken = bytes / tokens,
            Parameters = rows[r].Parameters,
            CompressMsPer1kTokens = results[r].Sum(x => x.CompressMilliseconds) / tokens * 1000,
            PrefillMsPer1kTokens = results[r].Sum(x => x.PrefillMilliseconds) / tokens * 1000,
            Average = settings.Average,
            ChunkNll = [.. results[r].Select(x => x.Nll)],
            DenseChunkNll = denseNll,
            ChunkTokens = counts,
        }.WithSummary(bootstrap);

        return RecordHeader.Of(loaded, settings, text, command, PerplexityNames.Json(settings, Prefix), elapsed) with
        {
            Prefix = settings.Protocol == "e3" ? null : Prefix,
            Suffix = settings.Protocol == "e1" ? settings.Suffix : null,
            Chunks = chunks.Count,
            SampleTokens = settings.Protocol == "e3" ? [.. chunks.Select(chunk => chunk.Ids.Length)] : null,
            OffsetBinEdges = Edges,
            Rows = [.. Enumerable.Range(0, rows.Count).Select(Summary)],
        };
    }
}
