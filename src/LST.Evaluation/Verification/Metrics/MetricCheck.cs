using System.Globalization;
using System.Text.Json;

namespace LST.Evaluation.Verification.Metrics;

/// <summary>Computes what a line of <c>metrics.jsonl</c> asks for and compares it.</summary>
/// <param name="inputs">The line's <c>inputs</c>.</param>
/// <param name="expected">The line's <c>expected</c>.</param>
/// <param name="context">Where files are searched that a metric needs, such as word lists.</param>
/// <returns>Null when they are equal, else what differs.</returns>
internal delegate string? MetricCheck(JsonElement inputs, JsonElement expected, VerificationContext context);

/// <summary>Comparisons of metric lines: numbers within 1e-5, everything else exact.</summary>
internal static class MetricDifference
{
    private const double Tolerance = 1e-5;

    /// <summary>A number; JSON null stands for NaN, an empty mean.</summary>
    public static string? Number(JsonElement expected, double actual, string what = "value", double tolerance = Tolerance)
    {
        var wanted = expected.ValueKind == JsonValueKind.Null ? double.NaN : expected.GetDouble();
        var same = double.IsNaN(wanted) ? double.IsNaN(actual) : Math.Abs(wanted - actual) <= tolerance;
        return same ? null : string.Create(CultureInfo.InvariantCulture, $"{what} is {actual:R}, expected {wanted:R}");
    }

    /// <summary>A text, to the character.</summary>
    public static string? Text(JsonElement expected, string? actual, string what = "text") => Text(expected.GetString(), actual, what);

    /// <summary>A text, to the character.</summary>
    public static string? Text(string? expected, string? actual, string what = "text")
    {
        if (string.Equals(expected, actual, StringComparison.Ordinal)) return null;
        if (expected is null || actual is null) return $"{what} is {(actual is null ? "missing" : "there")}, expected the contrary";
        var at = 0;
        while (at < expected.Length && at < actual.Length && expected[at] == actual[at]) at++;
        static string Near(string text, int at) => text.Substring(Math.Max(0, at - 10), Math.Min(text.Length - Math.Max(0, at - 10), 40));
        return $"{what} differs from character {at}: '{Near(actual, at)}', expected '{Near(expected, at)}'";
    }

    /// <summary>A list of numbers.</summary>
    public static string? Numbers(JsonElement expected, IReadOnlyList<double> actual, string what = "values") =>
        expected.GetArrayLength() != actual.Count ? $"{what}: {actual.Count}, expected {expected.GetArrayLength()}"
            : expected.EnumerateArray().Select((value, i) => Number(value, actual[i], $"{what}[{i}]")).FirstOrDefault(found => found is not null);

    /// <summary>A list of texts.</summary>
    public static string? Texts(JsonElement expected, IReadOnlyList<string> actual, string what = "texts") =>
        expected.GetArrayLength() != actual.Count ? $"{what}: {actual.Count}, expected {expected.GetArrayLength()}"
            : expected.EnumerateArray().Select((value, i) => Text(value, actual[i], $"{what}[{i}]")).FirstOrDefault(found => found is not null);

    /// <summary>A list of ids.</summary>
    public static string? Ids(JsonElement expected, IReadOnlyList<int> actual, string what = "ids") => Numbers(expected, [.. actual.Select(id => (double)id)], what);

    /// <summary>The first of several differences.</summary>
    public static string? First(params string?[] differences) => Array.Find(differences, difference => difference is not null);
}
