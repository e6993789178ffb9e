using LST.Evaluation.Records;

namespace LST.Evaluation.Reports;

/// <summary>One method and ratio, measured here and as recorded, on the same chunks.</summary>
/// <param name="RecordId">The record.</param>
/// <param name="Method">The method as typed.</param>
/// <param name="Ratio">r.</param>
/// <param name="Here">Perplexity over dense here; of the dense row, its perplexity.</param>
/// <param name="Recorded">The same of the record, on as many chunks.</param>
/// <param name="Chunks">How many.</param>
public sealed record AgreementRow(string RecordId, string Method, double Ratio, double Here, double Recorded, int Chunks)
{
    /// <summary>|Here − Recorded| / Recorded.</summary>
    public double Difference => Math.Abs(Here - Recorded) / Recorded;
}

/// <summary>Rows of a new run beside those of records of the same model, text and lengths: does another machine find the same?</summary>
public static class Agreement
{
    /// <summary>Another processor rounds elsewhere, and a token that is chosen by a hair may change; what differs by more than this is another result.</summary>
    public const double Tolerance = 2e-3;

    /// <summary>Every row of the run that a record has, too, over the chunks that both have.</summary>
    /// <param name="run">The new run.</param>
    /// <param name="records">Records; those of other models, texts or protocols are passed over, newer ones count.</param>
    public static IReadOnlyList<AgreementRow> Of(PerplexityRecord run, IEnumerable<PerplexityRecord> records)
    {
        var comparable = records.Where(record => Basis(record) == Basis(run)).OrderByDescending(record => record.Created, StringComparer.Ordinal).ToList();
        List<AgreementRow> rows = [];
        foreach (var row in run.Rows)
        {
            var match = comparable.SelectMany(record => record.Rows.Select(recorded => (record.Id, Row: recorded)))
                .FirstOrDefault(other => (other.Row.Method, other.Row.Ratio) == (row.Method, row.Ratio) && other.Row.Options.ToJsonString() == row.Options.ToJsonString());
            if (match.Row is null) continue;
            var chunks = Math.Min(row.Chunks, match.Row.Chunks);
            // Dense against dense would be 1 against 1: there, the losses themselves are compared.
            rows.Add(row.Method == "dense"
                ? new AgreementRow(match.Id, row.Method, row.Ratio, Perplexity(row, chunks), Perplexity(match.Row, chunks), chunks)
                : new AgreementRow(match.Id, row.Method, row.Ratio, OverDense(row, chunks), OverDense(match.Row, chunks), chunks));
        }
        return rows;
    }

    private static (string, string, string, int?, int?, string, int) Basis(PerplexityRecord record) =>
        (record.Model.WeightsSha256, record.Text.Sha256, record.Protocol, record.Prefix, record.Suffix, record.Dtype, PerplexityTable.Start(record));

    private static double OverDense(PerplexityRow row, int chunks) =>
        Math.Exp(ChunkAverages.MeanLoss(row.Average, [.. row.ChunkNll.Zip(row.DenseChunkNll, (nll, dense) => nll - dense).Take(chunks)], [.. row.ChunkTokens.Take(chunks)]));

    private static double Perplexity(PerplexityRow row, int chunks) => Math.Exp(ChunkAverages.MeanLoss(row.Average, [.. row.ChunkNll.Take(chunks)], [.. row.ChunkTokens.Take(chunks)]));
}
