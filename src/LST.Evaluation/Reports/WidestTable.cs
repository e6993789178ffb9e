using LST.Core;
using LST.Evaluation.Records;

namespace LST.Evaluation.Reports;

/// <summary>Of all records of one model those that make the table with most methods, for each text.</summary>
public static class WidestTable
{
    /// <summary>A table for each text, in the order of <see cref="PerplexityTable.Join"/>; of two with as many methods the newer.</summary>
    /// <param name="records">Records of one model and protocol.</param>
    public static IReadOnlyList<PerplexityTable> OfEachText(IEnumerable<PerplexityRecord> records)
    {
        var widest = records.GroupBy(record => record.Text.Sha256).Select(text => text
            .GroupBy(record => (record.Model.WeightsSha256, record.Prefix, record.Suffix, record.Chunks, record.Dtype, PerplexityTable.IsEqualBytes(record)))
            .Select(Joined).MaxBy(table => (Methods(table.Records), table.Records.Max(record => record.Created)))!);
        return PerplexityTable.Join(widest.SelectMany(table => table.Records));
    }

    // The widest run first; another one joins where the two do not call two things by one name.
    private static PerplexityTable Joined(IEnumerable<PerplexityRecord> runs)
    {
        var ordered = runs.OrderByDescending(run => (Methods([run]), run.Created)).ToList();
        var table = PerplexityTable.Join([ordered[0]])[0];
        foreach (var run in ordered.Skip(1))
        {
            try
            {
                table = PerplexityTable.Join([.. table.Records, run]) is [var wider] ? wider : table;
            }
            catch (DataException)
            {
                // Another sidecar or another build under the same name: the table goes without this run.
            }
        }
        return table;
    }

    private static int Methods(IEnumerable<PerplexityRecord> records) => records.SelectMany(record => record.Rows).Select(row => row.Method).Distinct().Count();
}
