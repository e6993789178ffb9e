namespace LST.Cli.Tests;

/// <summary>What a benchmark command prints, without the line that names its record: that has an id, a time and a size of memory.</summary>
internal static class TableOutput
{
    public static string Of(string output) => string.Join('\n', output.Split('\n').Where(line => !line.StartsWith("record ", StringComparison.Ordinal) && !line.StartsWith("lines in ", StringComparison.Ordinal)));
}
