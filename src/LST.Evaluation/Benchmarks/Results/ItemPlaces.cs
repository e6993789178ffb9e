using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LST.Evaluation.Benchmarks.Results;

/// <summary>Places of items in their task, ascending, written as ranges: <c>0-19,23,40-41</c>.</summary>
[JsonConverter(typeof(Converter))]
public sealed class ItemPlaces : IEquatable<ItemPlaces>
{
    private readonly int[] places;

    /// <summary>Takes places over.</summary>
    /// <exception cref="FormatException">They do not ascend, or one is negative.</exception>
    public ItemPlaces(IReadOnlyList<int> places)
    {
        this.places = [.. places];
        for (var i = 0; i < this.places.Length; i++)
            if (this.places[i] < 0 || (i > 0 && this.places[i] <= this.places[i - 1])) throw new FormatException($"places of items must ascend from 0, but {this.places[i]} stands at number {i}");
    }

    /// <summary>The places.</summary>
    public IReadOnlyList<int> All => places;

    /// <summary>Reads ranges.</summary>
    /// <exception cref="FormatException">They are not of that form.</exception>
    public static ItemPlaces Parse(string text)
    {
        List<int> places = [];
        foreach (var range in text.Length == 0 ? [] : text.Split(','))
        {
            var ends = range.Split('-');
            var first = Number(ends[0]);
            var last = ends.Length == 1 ? first : Number(ends[1]);
            if (ends.Length > 2 || last < first || last - first > 10_000_000) throw new FormatException($"'{range}' is no range of places such as 0-19");
            places.AddRange(Enumerable.Range(first, last - first + 1));
        }
        return new ItemPlaces(places);
    }

    /// <inheritdoc/>
    public bool Equals(ItemPlaces? other) => other is not null && places.AsSpan().SequenceEqual(other.places);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ItemPlaces);

    /// <inheritdoc/>
    public override int GetHashCode() => places.Length == 0 ? 0 : HashCode.Combine(places.Length, places[0], places[^1]);

    /// <inheritdoc/>
    public override string ToString()
    {
        var text = new StringBuilder();
        for (int start = 0, end; start < places.Length; start = end)
        {
            for (end = start + 1; end < places.Length && places[end] == places[end - 1] + 1;) end++;
            if (text.Length > 0) text.Append(',');
            text.Append(CultureInfo.InvariantCulture, $"{places[start]}");
            if (end - start > 1) text.Append(CultureInfo.InvariantCulture, $"-{places[end - 1]}");
        }
        return text.ToString();
    }

    private static int Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new FormatException($"'{text}' is no place of an item");

    private sealed class Converter : JsonConverter<ItemPlaces>
    {
        public override ItemPlaces Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Parse(reader.GetString() ?? throw new JsonException("places of items are missing"));

        public override void Write(Utf8JsonWriter writer, ItemPlaces value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }
}
