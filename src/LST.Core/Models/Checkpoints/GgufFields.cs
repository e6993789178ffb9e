namespace LST.Core.Models.Checkpoints;

/// <summary>Strict access to the metadata of a GGUF file: what is there must have the right type and range.</summary>
internal sealed class GgufFields(string path, IReadOnlyDictionary<string, object> metadata)
{
    public string Path => path;

    public int Count(string key, int least, int most) => CountOrNull(key, least, most) ?? throw Missing(key);

    public int? CountOrNull(string key, int least, int most)
    {
        if (!metadata.TryGetValue(key, out var value)) return null;
        // Some files give one number for each layer; they must agree, because a model here has the same shape in all layers.
        if (value is long[] { Length: > 0 } each && each.All(number => number == each[0])) value = each[0];
        return value is long number && number >= least && number <= most ? (int)number : throw Wrong(key, $"a whole number from {least} to {most}", value);
    }

    public double? NumberOrNull(string key, double least, double most)
    {
        if (!metadata.TryGetValue(key, out var value)) return null;
        var number = value switch { double real => real, long whole => whole, _ => double.NaN };
        return number >= least && number <= most ? number : throw Wrong(key, $"a number from {least} to {most}", value);
    }

    public string? TextOrNull(string key) =>
        !metadata.TryGetValue(key, out var value) ? null : value as string ?? throw Wrong(key, "text", value);

    public int? ItemsOrNull(string key) => metadata.TryGetValue(key, out var value) && value is Array items ? items.Length : null;

    public ModelFileException Missing(string key) => new($"{path}: the metadata \"{key}\" is missing; take another conversion of the model.");

    public ModelFileException Wrong(string key, string rule, object found) =>
        new($"{path}: the metadata \"{key}\" must be {rule}; found {Show(found)}; take another conversion of the model.");

    private static string Show(object value) => value switch
    {
        string text => Shown.Quote(text),
        Array items => $"a list of {items.Length} items",
        IFormattable number => number.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
