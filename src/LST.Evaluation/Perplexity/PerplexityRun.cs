using System.Diagnostics;
using System.Globalization;
using LST.Core;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Evaluation.Records;
using LST.Evaluation.Statistics;
using LST.Evaluation.Texts;
using static TorchSharp.torch;

namespace LST.Evaluation.Perplexity;

/// <summary>
/// Protocols E0 and E1. E1: chunk c is BOS and P + S − 1 ids; ids 0 … P − 2 are prefilled once for all methods and compressed to every ratio; one causal pass
/// over ids P − 1 … P + S − 2 at their true positions scores the S ids P … P + S − 1. E0: independent dense blocks. Finished chunks are in a journal: a run
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

    /// <summary>P, or the block length.</summary>
    public int Prefix { get; }

    /// <summary>Sentences on rows that were left out.</summary>
    public IReadOnlyList<string> Notes => notes;

    /// <summary>Where journals lie; null: no journal.</summary>
    public string? JournalFolder { get; init; }

    /// <summary>Where a text's record is written before its journal is deleted, so that nothing is lost between the two; null: not written.</summary>
    public RecordStore? Store { get; init; }

    private int[] Edges => settings.Protocol == "e1" ? OffsetBins.Edges(settings.Suffix) : [.. new[] { 0, 64, 256, 512, 1024 }.Where(e => e < Prefix - 1), Prefix - 1];

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
        var chunks = Chunks(text);
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
            progress.Advance(1, string.Create(CultureInfo.InvariantCulture, $"dense ppl {RunningPerplexity(results[0]):0.00}"));
        }
        var record = Record(text, command, results!, loaded.LoadTime + clock.Elapsed);
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
        var tokens = settings.PrefixFor(config.MaxPositions) - 1;
        using var compressors = new CompressorSet(rows, target);
        for (var r = 1; r < rows.Count; r++)
        {
            // Those that run the model first plan from what it shows.
            if (compressors[r].Needs.HasFlag(CompressorNeeds.ModelPasses)) continue;
            var plan = compressors[r].Plan(new PlanContext(tokens, config.Layers, config.KeyValueHeads, rows[r].Ratio));
            rows[r].RequireCompression(plan.Total, (long)config.Layers * config.KeyValueHeads * tokens, tokens);
        }
    }

    private static List<Row> Rows(PerplexitySettings settings, ModelTarget model, List<string> notes)
    {
        List<Row> rows = [new Row(MethodSpec.Parse("dense"), Ratio.One)];
        if (settings.Protocol != "e1") return rows;
        foreach (var method in settings.Methods.Where(m => m.Name != "dense"))
        {
            using var compressor = method.IsOptional ? method.Create() : null;
            compressor?.Attach(model);
            foreach (var ratio in settings.Ratios)
            {
                if (compressor?.Missing(ratio) is { } sentence) notes.Add(sentence);
                else rows.Add(new Row(method, ratio));
            }
        }
        return rows;
    }

    private ChunkedText Chunks(LoadedText text)
    {
        if (settings.Protocol == "e1") return ChunkedText.WithBosEach(text.Name, loaded.Encode(text.Content), loaded.BosId, Prefix + settings.Suffix, settings.Chunks);
        return ChunkedText.Blocks(text.Name, loaded.Encode(BlockedText.Join(text)), loaded.BosId, Prefix, settings.Chunks);
    }

    /// <summary>What one chunk will take at most, bytes.</summary>
    internal long MemoryNeeded => settings.Protocol == "e1"
        ? MemoryEstimate.Chunk(loaded.Model.Config, loaded.Model.Dtype, Prefix, settings.Suffix, rows.Skip(1).Sum(row => 1 / row.Ratio.Value))
        : MemoryEstimate.Chunk(loaded.Model.Config, loaded.Model.Dtype, Prefix, 1, 0);

    private IEnumerable<(int Row, ChunkResult Result)> Evaluate(long[] ids, List<int> missing, CompressorSet compressors, CancellationToken cancel)
    {
        if (settings.Protocol == "e0")
        {
            yield return (0, EvaluateBlock(ids, cancel));
            yield break;
        }
        using var scope = NewDisposeScope();
        var tokens = Prefix - 1;
        var (inputs, targets) = (ids.AsMemory(tokens, settings.Suffix), ids.AsMemory(Prefix, settings.Suffix));
        var jobRows = missing.Where(r => r > 0).ToList();
        if (settings.Equal == EqualBasis.Bytes) FitBytes(ids.AsMemory(0, tokens), jobRows, compressors, cancel);
        using var prompts = PromptCompression.Run(loaded.Model, ids.AsMemory(0, tokens), [.. jobRows.Select(r => new CompressionJob(compressors[r], rows[r].Budget) { Asked = rows[r].Ratio })], loaded.Tokenizer, cancel);
        if (missing.Contains(0))
            yield return (0, Result(rows[0], ContinuationScorer.Score(loaded.Model, prompts.Dense, inputs.Span, targets.Span, cancel), DenseSlots(tokens), DenseBytes(tokens), 0, prompts.PrefillMilliseconds));
        for (var j = 0; j < jobRows.Count; j++)
        {
            var (row, prompt) = (rows[jobRows[j]], prompts.Jobs[j]);
            row.RequireCompression(prompt.Slots, DenseSlots(tokens), tokens);
            row.RequireBytes(prompt.Bytes, DenseBytes(tokens), settings.Equal);
            var losses = ContinuationScorer.Score(loaded.Model, prompt.Cache, inputs.Span, targets.Span, cancel);
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
        var clock = Stopwatch.StartNew();
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

    private double RunningPerplexity(ChunkResult?[] results)
    {
        var done = results.OfType<ChunkResult>().ToList();
        return Math.Exp(done.Sum(r => r.Nll) / (done.Count * (double)Edges[^1]));
    }

    private string Key(LoadedText text, ChunkedText chunks) => JournalKey.Of(new
    {
        loaded.Identity.WeightsSha256, loaded.Model.Config, text.Sha256, chunks.IdsSha256, settings.Protocol, Prefix, settings.Suffix, Dtype = PerplexityNames.Dtype(loaded.Model.Dtype), Device = loaded.Model.Device.ToString(),
        loaded.Model.Attention.Name, settings.Equal, Threads = get_num_threads(), Core = typeof(LstException).Module.ModuleVersionId, Evaluation = typeof(PerplexityRun).Module.ModuleVersionId,
    });

    private PerplexityRecord Record(LoadedText text, string command, ChunkResult[][] results, TimeSpan elapsed)
    {
        var chunks = results[0].Length;
        var bootstrap = new PairedBootstrap(chunks, settings.Seed);
        var tokens = settings.Protocol == "e1" ? Prefix - 1 : Prefix;
        int[] counts = [.. Enumerable.Repeat(Edges[^1], chunks)];
        double[] denseNll = [.. results[0].Select(r => r.Nll)];
        PerplexityRow Summary(int r) => new PerplexityRow
        {
            Text = text.Name,
            Method = rows[r].Method.Typed,
            Options = PerplexityNames.Json(rows[r].Method.Options, rows[r].Details),
            Ratio = rows[r].Ratio.Value,
            RatioEffective = (double)DenseSlots(tokens) * chunks / results[r].Sum(x => x.KeptSlots),
            NllByOffset = [.. Enumerable.Range(0, Edges.Length - 1).Select(bin => results[r].Sum(x => x.BinNll[bin]) / chunks / (Edges[bin + 1] - Edges[bin]))],
            Chunks = chunks,
            KeptSlotsMean = results[r].Average(x => (double)x.KeptSlots) / loaded.Model.Config.Layers / loaded.Model.Config.KeyValueHeads,
            BytesPerToken = results[r].Average(x => (double)x.CacheBytes) / tokens,
            DenseBytesPerToken = (double)DenseBytes(tokens) / tokens,
            Parameters = rows[r].Parameters,
            CompressMsPer1kTokens = results[r].Average(x => x.CompressMilliseconds) / tokens * 1000,
            PrefillMsPer1kTokens = results[r].Average(x => x.PrefillMilliseconds) / tokens * 1000,
            ChunkNll = [.. results[r].Select(x => x.Nll)],
            DenseChunkNll = denseNll,
            ChunkTokens = counts,
        }.WithSummary(bootstrap);

        return new PerplexityRecord
        {
            Command = command,
            Options = PerplexityNames.Json(settings, Prefix),
            Model = loaded.Identity,
            Seed = settings.Seed,
            Dtype = PerplexityNames.Dtype(loaded.Model.Dtype),
            Device = loaded.Model.Device.type == TorchSharp.DeviceType.CPU ? "cpu" : loaded.Model.Device.ToString(),
            Backend = loaded.Model.Attention.Name,
            Threads = get_num_threads(),
            Versions = MachineInfo.Versions(__version__, typeof(Tensor).Assembly.GetName().Version?.ToString(3)),
            WallSeconds = elapsed.TotalSeconds,
            PeakMemoryBytes = MachineInfo.PeakMemoryBytes(),
            Text = TextIdentity.Of(text),
            Protocol = settings.Protocol,
            Prefix = Prefix,
            Suffix = settings.Protocol == "e1" ? settings.Suffix : null,
            Chunks = chunks,
            OffsetBinEdges = Edges,
            Rows = [.. Enumerable.Range(0, rows.Count).Select(Summary)],
        };
    }
}
