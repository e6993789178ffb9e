using System.Text.Json.Nodes;
using LST.Core;
using LST.Core.Caching;
using LST.Core.Compression;

namespace LST.Evaluation.Benchmarks.Runs;

/// <summary>
/// Prefills a context once and compresses it for every row. A row whose method would compress nothing of so few tokens gets the full cache, and its tally says so. Compressors are made once and serve all
/// contexts.
/// </summary>
/// <param name="loaded">The model.</param>
public sealed class CompressedContexts(LoadedModel loaded) : IDisposable
{
    private static readonly MethodSpec Dense = MethodSpec.Parse("dense");
    private readonly Dictionary<MethodSpec, IKvCompressor> compressors = [];

    /// <summary>Why a row has nothing to work with (a learned method without weights), a sentence; null: it is ready.</summary>
    public string? Missing(BenchmarkRow row) => row.IsDense ? null : CompressorOf(row.Method).Missing(row.Ratio);

    /// <summary>What a row has beyond its options, such as the file of its weights; null: nothing.</summary>
    public JsonObject? Details(BenchmarkRow row) => row.IsDense ? null : CompressorOf(row.Method).Details(row.Ratio);

    /// <summary>Compresses a context.</summary>
    /// <param name="context">Ids, BOS included; at least one.</param>
    /// <param name="rows">Rows; dense is one where it is wanted.</param>
    /// <param name="cancel">Stops between layers.</param>
    /// <exception cref="CompressionException">A cache was not compressed as planned.</exception>
    public CompressedContext Compress(ReadOnlyMemory<long> context, IReadOnlyList<BenchmarkRow> rows, CancellationToken cancel = default)
    {
        var config = loaded.Model.Config;
        var full = (long)config.Layers * config.KeyValueHeads * context.Length;
        var jobOf = new int[rows.Count];
        List<CompressionJob> jobs = [];
        for (var r = 0; r < rows.Count; r++)
        {
            if (rows[r].IsDense || !MayCompress(rows[r], context.Length, full)) jobOf[r] = -1;
            else
            {
                jobOf[r] = jobs.Count;
                jobs.Add(new CompressionJob(CompressorOf(rows[r].Method), rows[r].Ratio));
            }
        }
        // Rows without compression share one whole cache, which is a job like the others so that it can be joined with them.
        var whole = jobs.Count;
        if (jobOf.Contains(-1)) jobs.Add(new CompressionJob(CompressorOf(Dense), Ratio.One));
        var prompts = PromptCompression.Run(loaded.Model, context, jobs, loaded.Tokenizer, cancel);
        // What kept everything after all is not called compressed.
        CacheTally Tally(int job)
        {
            var slots = job < 0 ? full : Math.Min(prompts.Jobs[job].Slots, full);
            return new CacheTally(1, slots < full ? 1 : 0, 1, context.Length, full, slots, Bytes(context.Length), job < 0 ? Bytes(context.Length) : prompts.Jobs[job].Cache.Bytes);
        }
        return new CompressedContext(prompts, [.. jobOf.Select(job => job < 0 ? whole : job)], [.. jobOf.Select(Tally)]);
    }

    // Keys, values, and one int32 position a token and layer, as the packed layer would hold them.
    private long Bytes(int tokens)
    {
        var config = loaded.Model.Config;
        return (long)config.Layers * tokens * ((config.KeyValueHeads * 2L * config.HeadDim * (loaded.Model.Dtype == TorchSharp.torch.float32 ? 4 : 2)) + sizeof(int));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var compressor in compressors.Values) compressor.Dispose();
        compressors.Clear();
    }

    // A plan that binds says beforehand that nothing is to be compressed; others are known when they are made.
    private bool MayCompress(BenchmarkRow row, int tokens, long full)
    {
        if (row.LeavesWhole(tokens)) return false;
        var compressor = CompressorOf(row.Method);
        if (compressor.Needs.HasFlag(CompressorNeeds.ModelPasses)) return true;
        var plan = compressor.Plan(new PlanContext(tokens, loaded.Model.Config.Layers, loaded.Model.Config.KeyValueHeads, row.Ratio));
        return plan.Total < full || plan.Layers.Any(layer => layer.Rule is BudgetRule.AtMost or BudgetRule.Open);
    }

    private IKvCompressor CompressorOf(MethodSpec method)
    {
        if (compressors.TryGetValue(method, out var known)) return known;
        var compressor = compressors[method] = method.Create();
        compressor.Attach(loaded.Model.Target);
        return compressor;
    }
}

/// <summary>The caches of a context, one a row; rows that were not compressed share one.</summary>
public sealed class CompressedContext : IDisposable
{
    private readonly CompressedPrompts prompts;
    private readonly int[] jobOf;

    internal CompressedContext(CompressedPrompts prompts, int[] jobOf, IReadOnlyList<CacheTally> tallies) => (this.prompts, this.jobOf, Tallies) = (prompts, jobOf, tallies);

    /// <summary>How far each row was compressed.</summary>
    public IReadOnlyList<CacheTally> Tallies { get; }

    /// <summary>Final hidden state of the context's last token [1, 1, M], from the pass over the full context.</summary>
    public TorchSharp.torch.Tensor LastHidden => prompts.LastHidden;

    /// <summary>The cache of a row. Rows that share one get the same; leave it as it was.</summary>
    public KvCache this[int row] => prompts.Jobs[jobOf[row]].Cache;

    /// <summary>A row is done with: its cache is freed as soon as no later row has the same.</summary>
    public void Free(int row)
    {
        if (!jobOf.AsSpan(row + 1).Contains(jobOf[row])) prompts.Jobs[jobOf[row]].Dispose();
    }

    /// <summary>Whether two rows have the same cache.</summary>
    public bool Share(int row, int other) => jobOf[row] == jobOf[other];

    /// <inheritdoc/>
    public void Dispose() => prompts.Dispose();
}
