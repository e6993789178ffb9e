namespace LST.Evaluation.Records;

/// <summary>What <c>eval ppl --json</c> writes: the rows of all texts with the fields that other programs read. Numbers of single chunks stay in the records.</summary>
public static class PerplexityJson
{
    /// <summary>The file's text: <c>{"rows": [{text, method, options, ratio, …}]}</c>, dense first in each text.</summary>
    public static string Of(IEnumerable<PerplexityRecord> records) => RecordJson.Format(new
    {
        rows = records.SelectMany(record => record.Rows).Select(row => new
        {
            row.Text,
            row.Method,
            row.Options,
            row.Ratio,
            row.RatioEffective,
            row.Ppl,
            row.PplOverDense,
            row.Ci95,
            row.NllByOffset,
            row.Chunks,
            row.KeptSlotsMean,
            row.BytesPerToken,
            row.DenseBytesPerToken,
            row.Parameters,
            compress_ms_per_1k_tokens = row.CompressMsPer1kTokens,
        }),
    });
}
