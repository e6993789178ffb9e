using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using LST.Core;
using LST.Core.Compression;
using LST.Core.Compression.Online;
using LST.Core.Models;
using LST.Evaluation.Records;
using LST.Evaluation.Statistics;
using LST.Evaluation.Texts;
using static TorchSharp.torch;

namespace LST.Evaluation.Perplexity.Streaming;

/// <summary>
/// Protocol E2: streams of at most the model's trained length, each BOS first and from an empty cache, at true positions. A step of ids is scored over the
/// cache as it is and joins it; then the cache is compressed to max(64, ⌊seen / r⌋) slots, or to a number of slots. Ids behind the first step
/// that fills the largest of the run's caches are scored, the same ones in all rows and under the full cache. Finished streams are in a journal, row by row.
/// </summary>
public sealed class StreamingRun
{
    /// <summary>Ids that every row scores at least, where the number of streams is not given.</summary>
    public const int LeastScored = 16_384;

    private readonly LoadedModel loaded;
    private readonly PerplexitySettings settings;
    private readonly List<StreamRow> rows;
    private readonly List<string> notes = [];

    /// <summary>A run of one model; texts follow.</summary>
    public StreamingRun(LoadedModel loaded, PerplexitySettings settings)
    {
        settings.Check();
        (this.loaded, this.settings) = (loaded, settings);
        settings.CheckPositions(loaded.Model.Config, loaded.Identity.Name);
        StreamTokens = settings.PrefixFor(loaded.Model.Config.MaxPositions);
        rows = StreamRow.All(settings, loaded.Model.Target, StreamTokens, notes);
    }

    /// <summary>Tokens of a stream.</summary>
    public int StreamTokens { get; }

    /// <summary>Sentences on rows that were left out.</summary>
    public IReadOnlyList<string> Notes => notes;

    /// <summary>Where journals lie; null: no journal.</summary>
    public string? JournalFolder { get; init; }

    /// <summary>Where a text's record is written before its journal is deleted; null: not written.</summary>
    public RecordStore? Store { get; init; }

    /// <summary>Estimated memory of one stream beside the weights, in bytes: the full cache of the dense pass, the largest compressed one, what a step computes.</summary>
    public long MemoryNeeded => MemoryEstimate.Chunk(loaded.Model.Config, loaded.Model.Dtype, Inputs, settings.Step, rows.Count == 0 ? 0 : rows.Max(row => (double)row.Budget.Slots(Inputs) / Inputs));

    private int Inputs => StreamTokens - 1;

    // Inputs before the first scored one.
    private int Start => rows.Count == 0 ? settings.Step : rows.Max(row => StreamRow.FirstFull(row.Budget, settings.Step, StreamTokens));

    private int[] Edges => [Start, .. new[] { 256, 512, 1024, 2048, 4096 }.Where(edge => edge > Start && edge < Inputs), Inputs];

    /// <summary>Refuses what does not fit a model's shape, before its weights are read.</summary>
    /// <exception cref="LstException">Streams beyond its positions, a method that cannot go on, or a budget larger than a stream.</exception>
    public static void CheckFor(PerplexitySettings settings, ModelConfig config, string model)
    {
        settings.CheckPositions(config, model);
        _ = StreamRow.All(settings, new ModelTarget(model, null, config), settings.PrefixFor(config.MaxPositions), []);
    }

    /// <summary>Runs one text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="command">The command line for the record.</param>
    /// <param name="progress">Told after each row of a stream.</param>
    /// <param name="cancel">Stops between steps; finished rows of streams stay in the journal.</param>
    /// <exception cref="CompressionException">A head did not hold what was planned.</exception>
    /// <exception cref="DataException">Too short a text, or too little memory.</exception>
    public PerplexityRecord Run(LoadedText text, string command, IRunProgress? progress = null, CancellationToken cancel = default)
    {
        progress ??= new SilentProgress();
        var clock = Stopwatch.StartNew();
        var count = settings.Chunks ?? (LeastScored + Inputs - Start - 1) / (Inputs - Start);
        var streams = ChunkedText.WithBosEach(text.Name, loaded.Encode(text.Content), loaded.BosId, StreamTokens, count);
        if (settings.Chunks is null && streams.Count < count)
            progress.Note($"{text.Name} ends after {streams.Count} streams: {streams.Count * (Inputs - Start)} ids are scored, fewer than {LeastScored}");
        MemoryEstimate.Require("one stream", MemoryNeeded);
        using var journal = JournalFolder is null ? null : ChunkJournal<StreamResult>.Open(JournalFolder, Key(text, streams));
        var results = rows.Select(_ => new StreamResult?[streams.Count]).ToArray();
        var dense = new StreamResult?[streams.Count];
        for (var c = 0; c < streams.Count; c++)
        {
            if (journal?.TryGet("dense", c, out var known) == true) dense[c] = known;
            for (var r = 0; r < rows.Count; r++)
                if (journal?.TryGet(rows[r].Key, c, out known) == true) results[r][c] = known;
        }
        var parts = results.Append(dense).ToList();
        progress.Begin($"{loaded.Identity.Name} · {text.Name} · e2", parts.Count * streams.Count, parts.Sum(part => part.Count(result => result is not null)), unit: "streams of rows");
        for (var c = 0; c < streams.Count; c++)
        {
            if (parts.TrueForAll(part => part[c] is not null)) continue;
            var scorer = new StreamScorer(loaded.Model, streams[c]);
            var (denseLosses, milliseconds) = scorer.Dense(cancel);
            foreach (var (row, part) in rows.Zip(results).Select(pair => ((StreamRow?)pair.First, pair.Second)).Prepend((null, dense)))
            {
                if (part[c] is not null) continue;
                var result = row is null ? Result(denseLosses, denseLosses, DenseSlots, DenseBytes, 0, milliseconds) : Stream(row, scorer, denseLosses, milliseconds, cancel);
                var key = row?.Key ?? "dense";
                if (journal?.TryGet(key, c, out _) == false) journal.Append(key, c, result);
                part[c] = result;
                progress.Advance(1, string.Create(CultureInfo.InvariantCulture, $"{row?.Method.Typed ?? "dense"} ppl {Math.Exp(result.Nll / result.Tokens):0.00}"));
            }
        }
        var record = Record(text, command, streams.Count, dense!, results!, loaded.LoadTime + clock.Elapsed);
        if (Store is not null) record = Store.Write(record);
        journal?.Complete();
        return record;
    }

    private long DenseSlots => (long)loaded.Model.Config.Layers * loaded.Model.Config.KeyValueHeads * Inputs;

    private long DenseBytes => DenseSlots * 2 * loaded.Model.Config.HeadDim * (loaded.Model.Dtype == float32 ? 4 : 2) + 4L * loaded.Model.Config.Layers * Inputs;

    private StreamResult Stream(StreamRow row, StreamScorer scorer, double[] denseLosses, double denseMilliseconds, CancellationToken cancel)
    {
        using var compressor = (IOnlineCompressor)row.Method.Create();
        compressor.Attach(loaded.Model.Target);
        if (compressor.Missing(row.Ratio) is { } missing) throw new DataException(missing);
        using var online = OnlineCompression.Empty(loaded.Model, compressor, row.Budget, segmentTokens: settings.Step);
        var losses = scorer.Stream(online, settings.Step, cancel);
        if (online.Slots() >= DenseSlots) throw new CompressionException($"{row.Method.Typed} at {row.Budget} holds all {DenseSlots} slots of {Inputs} tokens at the end: nothing is compressed");
        return Result(losses, denseLosses, online.Slots(), online.Bytes, online.Compressing.TotalMilliseconds, denseMilliseconds);
    }

    private StreamResult Result(double[] losses, double[] dense, long slots, long bytes, double compress, double pass)
    {
        if (Array.FindIndex(losses, loss => !double.IsFinite(loss)) is var first and >= 0)
            throw new DataException($"the loss of id {first + 1} of a stream is {losses[first]}; losses are finite numbers, so the weights of '{loaded.Identity.Name}' are damaged or overflow in {PerplexityNames.Dtype(loaded.Model.Dtype)}: try --dtype float32");
        return new StreamResult(losses[Start..].Sum(), dense[Start..].Sum(), losses.Length - Start, OffsetBins.Sum(losses, Edges), slots, bytes, compress, pass);
    }

    private string Key(LoadedText text, ChunkedText streams) => JournalKey.Of(new
    {
        loaded.Identity.WeightsSha256, loaded.Model.Config, text.Sha256, IdsSha256 = Chunk.Digest(Enumerable.Range(0, streams.Count).Select(c => streams[c])), Protocol = "e2", StreamTokens, settings.Step, Start, Dtype = PerplexityNames.Dtype(loaded.Model.Dtype),
        Device = loaded.Model.Device.ToString(), loaded.Model.Attention.Name, Threads = get_num_threads(), Core = typeof(LstException).Module.ModuleVersionId, Evaluation = typeof(StreamingRun).Module.ModuleVersionId,
    });

    private PerplexityRecord Record(LoadedText text, string command, int streams, StreamResult[] dense, StreamResult[][] results, TimeSpan elapsed)
    {
        var bootstrap = new PairedBootstrap(streams, settings.Seed);
        var options = PerplexityNames.Json(settings, StreamTokens);
        PerplexityRow Summary(StreamRow? row, StreamResult[] parts)
        {
            using var compressor = row?.Method.Create();
            compressor?.Attach(loaded.Model.Target);
            var method = row?.Method ?? MethodSpec.Parse("dense");
            return new PerplexityRow
            {
                Text = text.Name,
                Method = method.Typed,
                Options = Resolved(method, row, compressor),
                Ratio = (row?.Ratio ?? Ratio.One).Value,
                RatioEffective = (double)DenseSlots * streams / parts.Sum(part => part.KeptSlots),
                NllByOffset = [.. Enumerable.Range(0, Edges.Length - 1).Select(bin => parts.Sum(part => part.BinNll[bin]) / streams / (Edges[bin + 1] - Edges[bin]))],
                Chunks = streams,
                KeptSlotsMean = parts.Average(part => (double)part.KeptSlots) / loaded.Model.Config.Layers / loaded.Model.Config.KeyValueHeads,
                BytesPerToken = parts.Average(part => (double)part.CacheBytes) / Inputs,
                DenseBytesPerToken = (double)DenseBytes / Inputs,
                Parameters = compressor?.Parameters(row!.Ratio) ?? 0,
                CompressMsPer1kTokens = parts.Average(part => part.CompressMilliseconds) / Inputs * 1000,
                PrefillMsPer1kTokens = parts.Average(part => part.DenseMilliseconds) / Inputs * 1000,
                ChunkNll = [.. parts.Select(part => part.Nll)],
                DenseChunkNll = [.. parts.Select(part => part.DenseNll)],
                ChunkTokens = [.. parts.Select(part => part.Tokens)],
            }.WithSummary(bootstrap);
        }
        return RecordHeader.Of(loaded, settings, text, command, options, elapsed) with
        {
            Prefix = StreamTokens,
            Chunks = streams,
            OffsetBinEdges = Edges,
            Rows = [Summary(null, dense), .. rows.Zip(results).Select(pair => Summary(pair.First, pair.Second))],
        };
    }

    private static JsonObject Resolved(MethodSpec method, StreamRow? row, IKvCompressor? compressor)
    {
        var options = PerplexityNames.Json(method.Options, row is null ? null : compressor!.Details(row.Ratio));
        if (row?.Budget.IsFixed == true) options["slots"] = row.Budget.Least;
        return options;
    }
}
