using System.Globalization;
using LST.Evaluation.Records;
using LST.Evaluation.Statistics;

namespace LST.Evaluation.Reports.Comparison;

/// <summary>Two rows on the same chunks.</summary>
/// <param name="A">The first.</param>
/// <param name="B">The second.</param>
/// <param name="Ratio">Perplexity of A over that of B, paired over the chunks.</param>
public sealed record RowComparison(PerplexityRow A, PerplexityRow B, Estimate Ratio)
{
    /// <summary>What the interval says.</summary>
    public string Verdict => Ratio switch
    {
        { Units: 1 } => "one chunk says nothing",
        { High: < 1 } => "A is better",
        { Low: > 1 } => "B is better",
        { Value: 1, Low: 1, High: 1 } => "the same",
        _ => "not to be told apart",
    };

    /// <summary>A row's name: <c>method@ratio</c>.</summary>
    public static string Name(PerplexityRow row) => string.Create(CultureInfo.InvariantCulture, $"{row.Method}@{row.Ratio:0.##}");
}
