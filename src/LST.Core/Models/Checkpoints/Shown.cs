namespace LST.Core.Models.Checkpoints;

/// <summary>Text from files, as it may stand in a message.</summary>
internal static class Shown
{
    private const int Longest = 100;

    /// <summary>In quotation marks, shortened, control characters replaced.</summary>
    public static string Quote(string text)
    {
        var shown = text.Length > Longest ? text[..Longest] + "…" : text;
        return $"\"{string.Concat(shown.Select(c => char.IsControl(c) ? '\uFFFD' : c))}\"";
    }

    /// <summary>A shape in brackets, outermost dimension first.</summary>
    public static string Shape(IEnumerable<long> sizes) => $"[{string.Join(", ", sizes)}]";
}
