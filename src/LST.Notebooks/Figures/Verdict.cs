using LST.Evaluation.Records;
using LST.Evaluation.Reports;

namespace LST.Notebooks.Figures;

/// <summary>How far up the ratios of a panel a comparison of its methods can go, the best first.</summary>
internal enum Reach
{
    /// <summary>Every method has a point at the largest ratio.</summary>
    Largest,

    /// <summary>Every method has a point there, but some go on to larger ratios.</summary>
    Common,

    /// <summary>No ratio has a point of every method; this one has the most.</summary>
    Most,
}

/// <summary>Which method of a panel loses least, at the largest ratio that all of them have: a method without a point cannot lose there.</summary>
/// <param name="Ratio">The ratio.</param>
/// <param name="Reach">What can be said of it.</param>
/// <param name="Best">The row of least perplexity.</param>
/// <param name="Alike">Rows that the paired interval cannot tell from it.</param>
/// <param name="Next">The second; null: there is one method only.</param>
internal sealed record Verdict(double Ratio, Reach Reach, PerplexityRow Best, IReadOnlyList<PerplexityRow> Alike, PerplexityRow? Next)
{
    /// <summary>The verdict on a table that has compressed rows.</summary>
    public static Verdict Of(PerplexityTable table)
    {
        var rows = table.Rows.Select(row => row.Row).Where(row => row.Method != "dense").ToList();
        var methods = rows.Select(row => row.Method).Distinct().Count();
        var at = rows.GroupBy(row => row.Ratio).OrderByDescending(group => group.Count()).ThenByDescending(group => group.Key).First();
        var reach = at.Count() < methods ? Reach.Most : at.Key < rows.Max(row => row.Ratio) ? Reach.Common : Reach.Largest;
        var (best, alike) = table.Best(at.Key);
        return new Verdict(at.Key, reach, best, alike, at.Where(row => row.Method != best.Method).MinBy(row => row.Ppl));
    }
}
