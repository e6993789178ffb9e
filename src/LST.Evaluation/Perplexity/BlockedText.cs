using LST.Evaluation.Texts;

namespace LST.Evaluation.Perplexity;

/// <summary>The text of the blocked protocol (E0, "T-L").</summary>
public static class BlockedText
{
    /// <summary>
    /// WikiText-2's rows joined as the field does it: a row is a line with its newline, or nothing for a blank line; rows are joined by an empty line.
    /// Other texts stay as they are.
    /// </summary>
    public static string Join(LoadedText text)
    {
        if (text.Name != "wikitext2") return text.Content;
        var lines = text.Content.Split('\n');
        // The last piece behind the final newline is no row.
        var rows = lines.Take(lines[^1].Length == 0 ? lines.Length - 1 : lines.Length).Select(line => line.Trim().Length == 0 ? "" : line + "\n");
        return string.Join("\n\n", rows);
    }
}
