using System.Globalization;
using System.Text.Json;
using LST.Core;

namespace LST.Evaluation.Benchmarks.ZeroShot.Items;

/// <summary>The fields of one line of a data set; what is missing or of another kind is one sentence with file and line.</summary>
/// <param name="root">The line's object.</param>
/// <param name="task">The task that reads it.</param>
/// <param name="docId">Number of the item, from 0.</param>
/// <param name="place">File and line as messages show them.</param>
/// <param name="label">The item's line in the file of labels, where the data set keeps them apart; null: none.</param>
internal sealed class ItemFields(JsonElement root, ZeroShotTask task, int docId, string place, string? label = null)
{
    /// <summary>The object itself.</summary>
    public JsonElement Root => root;

    /// <summary>Whether all fields are there and not null.</summary>
    public bool Has(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (!root.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return false;
        return true;
    }

    /// <summary>Whether a field is an object.</summary>
    public bool IsObject(string name) => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Object;

    /// <summary>A text, to the character.</summary>
    public string Text(string name) => TextOf(Field(name, "a text"), name);

    /// <summary>A list of texts, not empty.</summary>
    public IReadOnlyList<string> Texts(string name) => [.. Array(name).Select(value => TextOf(value, name))];

    /// <summary>A list of objects, not empty.</summary>
    public IReadOnlyList<ItemFields> Objects(string name) => [.. Array(name).Select(value => value.ValueKind == JsonValueKind.Object ? Inner(value) : throw Wrong($"'{name}' has to be a list of objects"))];

    /// <summary>An inner object.</summary>
    public ItemFields Object(string name) => IsObject(name) ? Inner(Field(name, "an object")) : throw Wrong($"'{name}' has to be an object");

    /// <summary>The data set's name of the item: the first of the fields that is there, else its number.</summary>
    public string ItemId(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (root.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String or JsonValueKind.Number) return Plain(value, name);
        return docId.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Index of the right choice: a number, a number as text or a truth value in a field, or in the file of labels.</summary>
    /// <param name="name">The field.</param>
    /// <param name="choices">How many choices there are.</param>
    /// <param name="first">What the first choice is called.</param>
    public int Gold(string name, int choices, int first = 0)
    {
        var found = root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? Plain(value, name) : label?.Trim();
        if (found is null) throw Wrong($"'{name}' is missing and no file of labels (NAME-labels.lst) lies beside the file");
        if (int.TryParse(found, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= first && number < first + choices) return number - first;
        throw Wrong($"'{name}' has to be one of {first} … {first + choices - 1}, but it is '{found}'");
    }

    /// <summary>An item whose choices follow one context.</summary>
    public ZeroShotDocument Document(string itemId, int gold, string context, IReadOnlyList<string> choices) =>
        Document(itemId, gold, [.. choices.Select(choice => new ZeroShotRequest(context, " " + choice))], choices);

    /// <summary>An item.</summary>
    public ZeroShotDocument Document(string itemId, int? gold, IReadOnlyList<ZeroShotRequest> requests, IReadOnlyList<string> choices) =>
        new() { Task = task.Name, DocId = docId, ItemId = itemId, Gold = gold, Requests = requests, Choices = choices };

    /// <summary>The line has the fields of no known form.</summary>
    public DataException Unknown(string forms) =>
        Wrong($"it needs {forms}, but it has {(root.EnumerateObject().Any() ? string.Join(", ", root.EnumerateObject().Select(field => field.Name)) : "no fields")}");

    /// <summary>Something is wrong with the line.</summary>
    public DataException Wrong(string what) => new($"{place}, an item of task '{task.Name}': {what}; give the data set's own file ({task.Source})");

    private ItemFields Inner(JsonElement value) => new(value, task, docId, place, label);

    private JsonElement Field(string name, string kind) => Has(name) ? root.GetProperty(name) : throw Wrong($"'{name}' has to be {kind}, but it is missing");

    private JsonElement[] Array(string name) => Field(name, "a list") is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0
        ? [.. list.EnumerateArray()] : throw Wrong($"'{name}' has to be a list that is not empty");

    private string Plain(JsonElement value, string name) => value.ValueKind switch
    {
        JsonValueKind.True => "1",
        JsonValueKind.False => "0",
        JsonValueKind.Number => value.GetRawText(),
        _ => TextOf(value, name),
    };

    private string TextOf(JsonElement value, string name)
    {
        if (value.ValueKind != JsonValueKind.String) throw Wrong($"'{name}' has to be text, but it is {value.ValueKind.ToString().ToLowerInvariant()}");
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Wrong($"'{name}' holds half of a surrogate pair, which is no text");
        }
    }
}
