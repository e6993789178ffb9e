using System.Text.Json;
using System.Text.Json.Serialization;

namespace LST.Evaluation.Benchmarks.Results;

/// <summary>
/// Scores of a cell's items in their order. In JSON a text of digits where each is 0 or 1 (<c>"0110"</c>), which a record of many rows needs to stay small, else an array of numbers with six decimals.
/// </summary>
[JsonConverter(typeof(Converter))]
public sealed class ItemScores
{
    private const int Decimals = 6;

    /// <summary>Takes scores over, rounded as they are written.</summary>
    public ItemScores(IReadOnlyList<double> values) => Values = [.. values.Select(value => Math.Round(value, Decimals))];

    /// <summary>The scores.</summary>
    public IReadOnlyList<double> Values { get; }

    /// <summary>Whether each is 0 or 1.</summary>
    public bool IsBinary => Values.All(value => value is 0 or 1);

    private sealed class Converter : JsonConverter<ItemScores>
    {
        public override ItemScores Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType != JsonTokenType.String) return new ItemScores(JsonSerializer.Deserialize<double[]>(ref reader, options)!);
            var digits = reader.GetString()!;
            return digits.All(digit => digit is '0' or '1') ? new ItemScores([.. digits.Select(digit => digit - (double)'0')]) : throw new JsonException("scores as a text must be digits 0 and 1");
        }

        public override void Write(Utf8JsonWriter writer, ItemScores value, JsonSerializerOptions options)
        {
            if (value.Values.Count > 0 && value.IsBinary) writer.WriteStringValue(string.Concat(value.Values.Select(score => score == 1 ? '1' : '0')));
            else JsonSerializer.Serialize(writer, value.Values, options);
        }
    }
}
