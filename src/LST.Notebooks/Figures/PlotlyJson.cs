using System.Text.Json.Nodes;

namespace LST.Notebooks.Figures;

/// <summary>Numbers and texts as plotly.js reads them: six digits, which no screen shows more of, and null for what is not finite.</summary>
internal static class PlotlyJson
{
    public static JsonNode? Number(double value) => Number(value, 6);

    /// <summary>Fewer digits where thousands of numbers are colours: nobody sees more.</summary>
    public static JsonNode? Number(double value, int digits)
    {
        if (!double.IsFinite(value)) return null;
        if (value == Math.Floor(value) && Math.Abs(value) < 1e12) return JsonValue.Create((long)value);
        return JsonValue.Create(double.Parse(value.ToString($"G{digits}")));
    }

    public static JsonArray Numbers(IEnumerable<double> values) => new([.. values.Select((double value) => Number(value))]);

    public static JsonArray Numbers(params double[] values) => Numbers(values.AsEnumerable());

    public static JsonArray Numbers(IEnumerable<float> values) => Numbers(values.Select(value => (double)value));

    public static JsonArray Numbers(IEnumerable<int> values) => Numbers(values.Select(value => (double)value));

    public static JsonArray Texts(IEnumerable<string> values) => new([.. values.Select(value => (JsonNode?)JsonValue.Create(value))]);

    public static JsonArray Rows(IEnumerable<IEnumerable<double>> rows, int digits = 6) => new([.. rows.Select(row => (JsonNode?)new JsonArray([.. row.Select((double value) => Number(value, digits))]))]);

    public static JsonArray Rows(IEnumerable<IEnumerable<string>> rows) => new([.. rows.Select(row => (JsonNode?)Texts(row))]);
}
