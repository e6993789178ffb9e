namespace LST.Evaluation.Records;

/// <summary>A command line as a record keeps it: one that can be typed again elsewhere.</summary>
public static class CommandText
{
    /// <summary>The arguments joined by spaces; of an absolute path only the last name is kept, what a shell might take for something else is quoted.</summary>
    /// <param name="arguments">Arguments after the program's name: <c>eval ppl --text /home/me/notes.txt</c>.</param>
    public static string Of(IEnumerable<string> arguments) => string.Join(' ', ["./lst", .. arguments.Select(Shown)]);

    private static string Shown(string argument)
    {
        // Values come in lists, and a method's option may hold a path too: dense,lst:sidecar=/home/me/final.safetensors:preset=lst.
        var shown = string.Join(',', argument.Split(',').Select(value => string.Join(':', value.Split(':').Select(WithoutFolder))));
        return shown.Length > 0 && shown.All(IsPlain) ? shown : $"'{shown.Replace("'", "'\\''", StringComparison.Ordinal)}'";
    }

    // What no shell takes for anything else.
    private static bool IsPlain(char c) => char.IsLetterOrDigit(c) || c is '-' or '_' or '.' or ',' or ':' or '=' or '/' or '+' or '@' or '%';

    private static string WithoutFolder(string value)
    {
        var start = value.IndexOf('=', StringComparison.Ordinal) + 1;
        var path = value[start..];
        var leadsOutside = Path.IsPathRooted(path) || path.StartsWith('~') || path.StartsWith("..", StringComparison.Ordinal);
        return leadsOutside ? value[..start] + Path.GetFileName(Path.TrimEndingDirectorySeparator(path)) : value;
    }
}
