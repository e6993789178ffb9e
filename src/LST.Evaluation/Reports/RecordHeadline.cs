using System.Globalization;
using System.Text.Json.Nodes;
using LST.Evaluation.Records;

namespace LST.Evaluation.Reports;

/// <summary>The one thing that a list says about a record's numbers.</summary>
public static class RecordHeadline
{
    /// <summary>Of perplexity, the method of least perplexity at every ratio with its perplexity over dense; of training, the best step on the development texts; of other kinds, nothing.</summary>
    public static string Of(AnyRecord record) => record.Kind switch
    {
        "ppl" => OfPerplexity(record.Fields?["rows"] as JsonArray ?? []),
        "training" => OfTraining(record.Fields ?? []),
        _ => "",
    };

    private static string OfPerplexity(JsonArray rows)
    {
        var compressed = rows.OfType<JsonObject>().Where(row => Text(row["method"]) is not ("dense" or null)).ToList();
        if (compressed.Count == 0)
            return rows is [JsonObject dense, ..] && Number(dense["ppl"]) is { } ppl ? string.Create(CultureInfo.InvariantCulture, $"dense {ppl:0.000}") : "";
        var best = from row in compressed
                   let ratio = Number(row["ratio"])
                   let overDense = Number(row["ppl_over_dense"])
                   where ratio is not null && overDense is not null
                   group (Method: Text(row["method"]), OverDense: overDense.Value) by ratio.Value into alike
                   orderby alike.Key
                   select (Ratio: alike.Key, Row: alike.MinBy(row => row.OverDense));
        return string.Join(", ", best.Select(b => string.Create(CultureInfo.InvariantCulture, $"{b.Ratio:0.##}:1 {b.Row.Method} {b.Row.OverDense:0.0000}")));
    }

    private static string OfTraining(JsonObject fields)
    {
        var step = Number(fields["best_step"]);
        if ((fields["development"] as JsonArray)?.OfType<JsonObject>().FirstOrDefault(point => Number(point["step"]) == step) is not { } best) return "";
        List<string> numbers = [.. from text in best["ppl_over_dense"] as JsonObject ?? []
                                   let value = Number(text.Value)
                                   where value is not null
                                   select string.Create(CultureInfo.InvariantCulture, $"{text.Key} {value:0.0000}")];
        if (Number(best["recall"]) is { } recall) numbers.Add(string.Create(CultureInfo.InvariantCulture, $"recall {recall:0.00}"));
        return string.Create(CultureInfo.InvariantCulture, $"step {step:0}: {string.Join(", ", numbers)}");
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static double? Number(JsonNode? node) => node is JsonValue value && value.TryGetValue<double>(out var number) ? number : null;
}
