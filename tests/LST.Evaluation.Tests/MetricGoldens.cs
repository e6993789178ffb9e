using System.Text.Json;

namespace LST.Evaluation.Tests;

/// <summary>Lines of the metric goldens, by metric.</summary>
internal static class MetricGoldens
{
    public const double Tolerance = 1e-5;

    public static IReadOnlyList<(string Id, JsonElement Inputs, JsonElement Expected)> Of(string metric)
    {
        var lines = File.ReadLines(Shared.Require("goldens/metrics.jsonl")).Where(l => l.Length > 0).Select(l => JsonDocument.Parse(l).RootElement)
            .Where(e => e.GetProperty("metric").GetString() == metric)
            .Select(e => (e.GetProperty("id").GetString()!, e.GetProperty("inputs"), e.GetProperty("expected"))).ToList();
        Assert.NotEmpty(lines);
        return lines;
    }

    public static double[] Numbers(this JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetDouble())];
}
