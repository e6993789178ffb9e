namespace LST.Notebooks.Figures;

/// <summary>Numbers in titles, labels and ticks.</summary>
internal static class Number
{
    /// <summary>As short as it stays true: <c>0.005</c>, <c>2,048</c>.</summary>
    public static string Short(double value) => Math.Abs(value) >= 1000 ? value.ToString("#,0") : value.ToString("0.######").Replace('-', '−');

    /// <summary>Two or three digits: <c>0.123</c>, <c>1.23</c>, <c>12.3</c>.</summary>
    public static string Three(double value) => (Math.Abs(value) switch
    {
        0 => "0",
        < 0.0001 => value.ToString("0.0e0"),
        < 0.01 => value.ToString("0.0000"),
        < 1 => value.ToString("0.000"),
        < 10 => value.ToString("0.00"),
        < 1000 => value.ToString("0.0"),
        _ => value.ToString("#,0"),
    }).Replace('-', '−');

    /// <summary>A share: <c>12 %</c>, below a tenth <c>1.2 %</c>.</summary>
    public static string Percent(double share) => (Math.Abs(share) < 0.0995 ? $"{100 * share:0.0} %" : $"{100 * share:0} %").Replace('-', '−');

    /// <summary>Perplexity over that of dense.</summary>
    public static string Ratio(double value) => value.ToString(Math.Abs(value - 1) < 0.01 ? "0.0000" : value < 10 ? "0.000" : "0.0");

    /// <summary>Middle value of finite numbers; NaN of none.</summary>
    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Where(double.IsFinite).Order().ToArray();
        if (sorted.Length == 0) return double.NaN;
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>Quantile of ascending values by linear interpolation.</summary>
    public static double Quantile(IReadOnlyList<float> ascending, double share)
    {
        var place = share * (ascending.Count - 1);
        var below = (int)Math.Floor(place);
        var above = Math.Min(below + 1, ascending.Count - 1);
        return ascending[below] + ((place - below) * (ascending[above] - ascending[below]));
    }

    /// <summary>A word for how many.</summary>
    public static string Count(int count, string singular) => $"{count:#,0} {singular}{(count == 1 ? "" : "s")}";
}
