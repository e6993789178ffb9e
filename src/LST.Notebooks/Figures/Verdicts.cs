using LST.Evaluation.Records;
using LST.Evaluation.Reports;

namespace LST.Notebooks.Figures;

/// <summary>The titles of perplexity figures: which method loses least, at which ratio, and whether the paired intervals can tell it from the next.</summary>
internal static class Verdicts
{
    private const int MostNames = 2;

    /// <summary>The finding of panels by ratio.</summary>
    public static string ByRatio(IReadOnlyList<PerplexityTable> tables)
    {
        var verdicts = tables.Select(Verdict.Of).ToList();
        return Sentence(verdicts, Ratios(verdicts));
    }

    /// <summary>The finding of panels by bytes: the same, at what the compared caches take of the dense one.</summary>
    public static string ByBytes(IReadOnlyList<PerplexityTable> tables)
    {
        var verdicts = tables.Select(Verdict.Of).ToList();
        var compared = tables.SelectMany((table, i) => table.Rows.Select(row => row.Row).Where(row => row.Method != "dense" && row.Ratio == verdicts[i].Ratio));
        double[] shares = [.. compared.Select(row => 100 * row.BytesPerToken / row.DenseBytesPerToken).Order()];
        // Caches of one ratio differ in bytes by a bias or a position for each slot.
        var about = shares[^1] - shares[0] < 1 ? $"{(shares[0] + shares[^1]) / 2:0} %" : $"{shares[0]:0} % to {shares[^1]:0} %";
        return Sentence(verdicts, $"At about {about} of the dense bytes{Size(verdicts)}");
    }

    private static string Sentence(IReadOnlyList<Verdict> verdicts, string at) => $"{at} {(verdicts.Count == 1 ? Panel(verdicts[0]) : Panels(verdicts))}";

    // "At 8:1", or why it is not the largest ratio that is drawn.
    private static string Ratios(IReadOnlyList<Verdict> verdicts)
    {
        var ratios = verdicts.Select(verdict => verdict.Ratio).Distinct().OrderDescending().Select(ratio => $"{Number.Short(ratio)}:1").ToList();
        var which = verdicts.Max(verdict => verdict.Reach) switch
        {
            Reach.Most => "ratio that most methods have",
            Reach.Common => "largest common ratio",
            _ => ratios.Count == 1 ? "" : "largest ratio",
        };
        if (ratios.Count > 1) return $"At each panel's {which} ({string.Join(", ", ratios)})";
        return $"At {ratios[0]}{(which.Length == 0 ? "" : $", the {which},")}";
    }

    // Why it is not the smallest cache that is drawn.
    private static string Size(IReadOnlyList<Verdict> verdicts)
    {
        var whose = verdicts.Select(verdict => verdict.Ratio).Distinct().Count() == 1 ? "the" : "each panel's";
        return verdicts.Max(verdict => verdict.Reach) switch
        {
            Reach.Most => $", {whose} size that most methods have,",
            Reach.Common => $", {whose} smallest common size,",
            _ => whose == "the" ? "" : $", {whose} smallest size,",
        };
    }

    private static string Panel(Verdict verdict)
    {
        var said = $"{Name(verdict.Best)} has {Number.Ratio(verdict.Best.PplOverDense)} × dense perplexity";
        if (verdict.Next is not { } next) return said;
        return verdict.Alike.Count == 0 ? $"{said}; next best: {Name(next)} with {Number.Ratio(next.PplOverDense)}" : $"{said}, not to be told from {Names(verdict.Alike)}";
    }

    private static string Panels(IReadOnlyList<Verdict> verdicts)
    {
        var winners = verdicts.GroupBy(verdict => verdict.Best.Method).OrderByDescending(group => group.Count()).ToList();
        var (least, most) = Ends(winners[0].Select(verdict => verdict.Best.PplOverDense), Number.Ratio);
        var range = $"{(least == most ? least : $"{least} to {most}")} × dense perplexity";
        var unsure = verdicts.Where(verdict => verdict.Alike.Count > 0).ToList();
        var where = In(unsure.Count, verdicts.Count);
        var leader = $"{Name(winners[0].First().Best)} loses least in {In(winners[0].Count(), verdicts.Count)}";
        if (winners.Count == 1)
            return $"{leader}: {range}" + (unsure.Count == 0 ? "" : $"; not to be told from {Names(unsure.SelectMany(verdict => verdict.Alike))} in {where}");
        var others = winners.Count - 1 > MostNames ? "others in the rest" : string.Join(", ", winners.Skip(1).Select(group => $"{Name(group.First().Best)} in {group.Count()}"));
        return $"{leader} ({range}), {others}" + (unsure.Count == 0 ? "" : $"; in {where} the best is not to be told from the next");
    }

    private static string In(int count, int panels) => count < panels ? $"{count} of {panels} panels" : panels == 2 ? "both panels" : "every panel";

    private static string Name(PerplexityRow row) => TokenText.Escape(Palette.Method(row.Method).Name);

    // A title has room for a few.
    private static string Names(IEnumerable<PerplexityRow> rows)
    {
        var names = rows.Select(Name).Distinct().ToList();
        return names.Count <= MostNames ? string.Join(" and ", names) : $"{string.Join(", ", names.Take(MostNames))} and {names.Count - MostNames} more";
    }

    private static (string Least, string Most) Ends(IEnumerable<double> values, Func<double, string> text)
    {
        var all = values.ToList();
        return (text(all.Min()), text(all.Max()));
    }
}
