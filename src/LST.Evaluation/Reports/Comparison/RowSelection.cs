using LST.Core;
using LST.Evaluation.Records;

namespace LST.Evaluation.Reports.Comparison;

/// <summary>Rows of one perplexity record: all, those of a method, those of a ratio, or one.</summary>
/// <param name="Record">Id, part of it, or file.</param>
/// <param name="Method">The method as it was typed; null: every one.</param>
/// <param name="Ratio">The ratio; null: every one.</param>
public sealed record RowSelection(string Record, string? Method = null, double? Ratio = null)
{
    /// <summary>Reads <c>ID</c>, <c>ID:method</c>, <c>ID:method@ratio</c> or <c>ID:@ratio</c>. Options of a method stand behind further colons.</summary>
    /// <exception cref="UsageException">The ratio is no ratio.</exception>
    public static RowSelection Parse(string text)
    {
        if (File.Exists(text)) return new RowSelection(text);
        // The name of a file may hold a colon itself.
        var colons = Enumerable.Range(0, text.Length).Where(at => text[at] == ':').ToList();
        if (colons.Count == 0) return new RowSelection(text);
        var colon = colons.FirstOrDefault(at => File.Exists(text[..at]), colons[0]);
        var (method, ratio) = (text[(colon + 1)..], (double?)null);
        if (method.LastIndexOf('@') is >= 0 and var at) (method, ratio) = (method[..at], Core.Compression.Ratio.Parse(method[(at + 1)..]).Value);
        return new RowSelection(text[..colon], method.Length == 0 ? null : method, ratio);
    }

    /// <summary>The rows in a record.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    internal IReadOnlyList<PerplexityRow> In(PerplexityRecord record)
    {
        PerplexityRow[] rows = [.. record.Rows.Where(row => (Method is null || row.Method == Method) && (Ratio is null || row.Ratio == Ratio))];
        if (rows.Length > 0) return rows;
        var asked = $"{Method}{(Ratio is { } ratio ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"@{ratio}") : "")}";
        throw new UsageException($"the record '{record.Id}' has no row '{asked}'; it has {string.Join(", ", record.Rows.Select(RowComparison.Name))}");
    }
}
