using System.Text.Json;
using LST.Core;
using LST.Evaluation.Records;

namespace LST.Evaluation.Benchmarks.Items;

/// <summary>Lines as bytes: one object without line feeds, a line feed behind it.</summary>
internal static class ItemText
{
    private static readonly JsonSerializerOptions Options = new(RecordJson.Options) { AllowDuplicateProperties = false };

    private static readonly Lazy<HashSet<string>> OwnFields = new(() =>
        new(Options.GetTypeInfo(typeof(ItemLine)).Properties.Where(property => !property.IsExtensionData).Select(property => property.Name), StringComparer.Ordinal));

    /// <summary>Whether a field is one that the form of a line names.</summary>
    public static bool IsOwnField(string name) => OwnFields.Value.Contains(name);

    /// <summary>Whether a name can be a task's, and so a file's on every system.</summary>
    public static bool IsTaskName(string name) => name.Length is > 0 and <= 100 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');

    /// <summary>The bytes of a line.</summary>
    /// <exception cref="DataException">It cannot be written, because a number is not finite for instance.</exception>
    public static byte[] Format(ItemLine line)
    {
        try
        {
            if (line.Contradiction() is { } found) throw Refused(line, found);
            return [.. JsonSerializer.SerializeToUtf8Bytes(line, Options), (byte)'\n'];
        }
        catch (ArgumentException exception)
        {
            throw Refused(line, $"JSON cannot hold it ({exception.Message.TrimEnd('.')})");
        }
    }

    /// <summary>Reads a line without its line feed.</summary>
    /// <param name="bytes">The line.</param>
    /// <param name="place">File and line for the message.</param>
    /// <exception cref="DataException">It is no item line.</exception>
    public static ItemLine Parse(ReadOnlySpan<byte> bytes, string place)
    {
        string found;
        try
        {
            var line = JsonSerializer.Deserialize<ItemLine>(bytes, Options);
            if (line is not null && line.Contradiction() is not { } wrong) return line;
            found = line is null ? "it is null" : line.Contradiction()!;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException)
        {
            found = exception.Message.TrimEnd('.');
        }
        throw new DataException($"{place} must be a line of a scored item, but {found}; take the line out, and start the command again.");
    }

    private static DataException Refused(ItemLine line, string found) => new($"A line of {line.Key} is not written because {found}; look at the method's output, and run it in float32.");
}
