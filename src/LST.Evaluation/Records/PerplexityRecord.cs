using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LST.Evaluation.Statistics;

namespace LST.Evaluation.Records;

/// <summary>One run of <c>eval ppl</c> on one text: a row for each method and ratio, dense first.</summary>
public sealed record PerplexityRecord : RunRecord
{
    /// <summary>Kind of these records.</summary>
    public const string RecordKind = "ppl";

    /// <summary>An empty record, to be filled.</summary>
    public PerplexityRecord()
        : base(RecordKind)
    {
    }

    /// <summary>The text.</summary>
    public required TextIdentity Text { get; init; }

    /// <summary><c>e0</c>, <c>e1</c>, <c>e2</c> or <c>e3</c>.</summary>
    public required string Protocol { get; init; }

    /// <summary>P, tokens of a chunk before the scored ones (e1); null where the protocol has none.</summary>
    public int? Prefix { get; init; }

    /// <summary>S, scored tokens of a chunk (e1); null where the protocol has none.</summary>
    public int? Suffix { get; init; }

    /// <summary>Number of chunks.</summary>
    public required int Chunks { get; init; }

    /// <summary>First suffix offset of each bin of <see cref="PerplexityRow.NllByOffset"/>, and the end of the last, in tokens.</summary>
    public IReadOnlyList<int> OffsetBinEdges { get; init; } = [];

    /// <summary>The rows.</summary>
    public required IReadOnlyList<PerplexityRow> Rows { get; init; }

    /// <inheritdoc/>
    public override string ReadableName() => $"{Kind}-{Model.Name}-{Text.Name}-{Protocol}";

    /// <inheritdoc/>
    public override string? Contradiction()
    {
        if (Rows.Count == 0) return "it has no rows";
        foreach (var row in Rows)
            if (row.Contradiction(this) is { } found) return $"row '{row.Method}' at ratio {row.Ratio}: {found}";
        return null;
    }
}

/// <summary>One method at one ratio on one text, with the numbers of every chunk.</summary>
public sealed record PerplexityRow
{
    /// <summary>The text's name.</summary>
    public required string Text { get; init; }

    /// <summary>The method as it was typed.</summary>
    public required string Method { get; init; }

    /// <summary>The method's options after resolution, defaults included.</summary>
    public required JsonObject Options { get; init; }

    /// <summary>Ratio asked for; 1 for dense.</summary>
    public required double Ratio { get; init; }

    /// <summary>Stored vectors of the dense cache over those kept.</summary>
    public required double RatioEffective { get; init; }

    /// <summary>Token-weighted perplexity.</summary>
    public double Ppl { get; init; }

    /// <summary>Perplexity over that of the dense run on the same tokens; 1 for dense.</summary>
    public double PplOverDense { get; init; }

    /// <summary>Paired 95 % interval of <see cref="PplOverDense"/>: [low, high].</summary>
    public IReadOnlyList<double> Ci95 { get; init; } = [];

    /// <summary>Mean NLL in nats of the scored tokens of each offset bin; bins: <see cref="PerplexityRecord.OffsetBinEdges"/>.</summary>
    public IReadOnlyList<double> NllByOffset { get; init; } = [];

    /// <summary>Number of chunks.</summary>
    public required int Chunks { get; init; }

    /// <summary>Kept slots per layer and KV head, mean over chunks.</summary>
    public required double KeptSlotsMean { get; init; }

    /// <summary>Bytes of the compressed cache over prefix length.</summary>
    public required double BytesPerToken { get; init; }

    /// <summary>The same of the dense cache.</summary>
    public required double DenseBytesPerToken { get; init; }

    /// <summary>Parameters that the method adds to the model.</summary>
    public required long Parameters { get; init; }

    /// <summary>Milliseconds of compression, statistics included, for 1,000 prefix tokens.</summary>
    [JsonPropertyName("compress_ms_per_1k_tokens")]
    public required double CompressMsPer1kTokens { get; init; }

    /// <summary>Milliseconds of the prefill itself for 1,000 prefix tokens, for comparison with the line above.</summary>
    [JsonPropertyName("prefill_ms_per_1k_tokens")]
    public double PrefillMsPer1kTokens { get; init; }

    /// <summary>Summed NLL of each chunk's scored tokens, nats.</summary>
    public required IReadOnlyList<double> ChunkNll { get; init; }

    /// <summary>The same tokens under the dense cache.</summary>
    public required IReadOnlyList<double> DenseChunkNll { get; init; }

    /// <summary>Scored tokens of each chunk.</summary>
    public required IReadOnlyList<int> ChunkTokens { get; init; }

    /// <summary>This row with perplexity, ratio and interval computed from its chunks. One bootstrap serves all rows of a table.</summary>
    /// <exception cref="LST.Core.DataException">A chunk's NLL is not finite or it has no scored token.</exception>
    public PerplexityRow WithSummary(PairedBootstrap bootstrap)
    {
        var ratio = bootstrap.PerplexityRatio(ChunkNll, DenseChunkNll, ChunkTokens);
        return this with { Ppl = Math.Exp(ChunkNll.Sum() / ChunkTokens.Sum(t => (double)t)), PplOverDense = ratio.Value, Ci95 = ratio.Ci95 };
    }

    internal string? Contradiction(PerplexityRecord record)
    {
        int[] counts = [Chunks, ChunkNll.Count, DenseChunkNll.Count, ChunkTokens.Count];
        if (counts.Any(c => c != record.Chunks)) return $"it must have numbers for {record.Chunks} chunks, found {string.Join(", ", counts)}";
        if (NllByOffset.Count != Math.Max(0, record.OffsetBinEdges.Count - 1)) return $"{NllByOffset.Count} offset bins for {record.OffsetBinEdges.Count} edges";
        if (Text != record.Text.Name) return $"its text is '{Text}', the run's '{record.Text.Name}'";
        var (tokens, nll) = (ChunkTokens.Sum(t => (double)t), ChunkNll.Sum());
        if (!Near(Ppl, Math.Exp(nll / tokens))) return $"perplexity {Ppl} is not that of its chunks, {Math.Exp(nll / tokens)}";
        var ratio = Math.Exp((nll - DenseChunkNll.Sum()) / tokens);
        if (!Near(PplOverDense, ratio)) return $"perplexity over dense {PplOverDense} is not that of its chunks, {ratio}";
        return Ci95 is [var low, var high] && low <= high ? null : "the interval must be [low, high]";
    }

    private static bool Near(double a, double b) => Math.Abs(a - b) <= 1e-9 * Math.Abs(b);
}
