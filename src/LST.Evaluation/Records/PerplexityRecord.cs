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

    /// <summary>P, tokens of a chunk before the scored ones (e1), of a block (e0) or of a stream (e2); null where the protocol has none.</summary>
    public int? Prefix { get; init; }

    /// <summary>S, scored tokens of a chunk (e1); null where the protocol has none.</summary>
    public int? Suffix { get; init; }

    /// <summary>Number of chunks, blocks (e0), streams (e2) or samples (e3).</summary>
    public required int Chunks { get; init; }

    /// <summary>Ids of each sample, BOS included, of which the first half was compressed (e3); null where all chunks have the same length.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? SampleTokens { get; init; }

    /// <summary>Number of each sample's line in the text, from 0 (e3); null where chunks are no lines.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? SampleLines { get; init; }

    /// <summary>First suffix offset (e2: position in the stream) of each bin of <see cref="PerplexityRow.NllByOffset"/>, and the end of the last, in tokens.</summary>
    public IReadOnlyList<int> OffsetBinEdges { get; init; } = [];

    /// <summary>The rows.</summary>
    public required IReadOnlyList<PerplexityRow> Rows { get; init; }

    /// <inheritdoc/>
    public override string ReadableName() => $"{Kind}-{Model.Name}-{Text.Name}-{Protocol}";

    /// <inheritdoc/>
    public override string? Contradiction()
    {
        if (Rows.Count == 0) return "it has no rows";
        if (SampleTokens is { } tokens && tokens.Count != Chunks) return $"{tokens.Count} lengths for {Chunks} samples";
        if (SampleLines is { } lines && lines.Count != Chunks) return $"{lines.Count} lines for {Chunks} samples";
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

    /// <summary>How the losses of chunks are averaged: null weighs tokens, <c>samples</c> takes the mean of the chunks' mean losses (e3).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Average { get; init; }

    /// <summary>Perplexity: exp of the mean loss (<see cref="Average"/>).</summary>
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
        var ratio = ChunkAverages.Ratio(bootstrap, Average, ChunkNll, DenseChunkNll, ChunkTokens);
        return this with { Ppl = Math.Exp(ChunkAverages.MeanLoss(Average, ChunkNll, ChunkTokens)), PplOverDense = ratio.Value, Ci95 = ratio.Ci95 };
    }

    /// <summary>Perplexity of this row over that of another on the same chunks, paired.</summary>
    public Estimate Over(PerplexityRow other, PairedBootstrap bootstrap) => ChunkAverages.Ratio(bootstrap, Average, ChunkNll, other.ChunkNll, ChunkTokens);

    internal string? Contradiction(PerplexityRecord record)
    {
        int[] counts = [Chunks, ChunkNll.Count, DenseChunkNll.Count, ChunkTokens.Count];
        if (counts.Any(c => c != record.Chunks)) return $"it must have numbers for {record.Chunks} chunks, found {string.Join(", ", counts)}";
        if (NllByOffset.Count != Math.Max(0, record.OffsetBinEdges.Count - 1)) return $"{NllByOffset.Count} offset bins for {record.OffsetBinEdges.Count} edges";
        if (Text != record.Text.Name) return $"its text is '{Text}', the run's '{record.Text.Name}'";
        if (Average is not (null or ChunkAverages.OverSamples)) return $"its average '{Average}' is unknown";
        var ppl = Math.Exp(ChunkAverages.MeanLoss(Average, ChunkNll, ChunkTokens));
        if (!Near(Ppl, ppl)) return $"perplexity {Ppl} is not that of its chunks, {ppl}";
        var ratio = Math.Exp(ChunkAverages.MeanLoss(Average, [.. ChunkNll.Zip(DenseChunkNll, (nll, dense) => nll - dense)], ChunkTokens));
        if (!Near(PplOverDense, ratio)) return $"perplexity over dense {PplOverDense} is not that of its chunks, {ratio}";
        return Ci95 is [var low, var high] && low <= high ? null : "the interval must be [low, high]";
    }

    private static bool Near(double a, double b) => Math.Abs(a - b) <= 1e-9 * Math.Abs(b);
}
