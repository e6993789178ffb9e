namespace LST.Cli.Tests;

/// <summary>Recall items of invented facts, so that a benchmark needs no data set.</summary>
internal static class InventedRecall
{
    /// <summary>A line of a file of items.</summary>
    /// <param name="i">Number of the item, below 1,000.</param>
    public static string Item(int i) =>
        $$"""{"id":"A-{{i}}","template":"A","kind":"number","keys":1,"target_tokens":40,"context":"The list has no elements. The access code of the red-{{i}} archive is 7{{i}}31. The method returns a value.","question":"\nQuestion: What is the access code of the red-{{i}} archive?\nAnswer: The access code of the red-{{i}} archive is ","answer":"7{{i}}31"}""";

    /// <summary>Writes a file of so many items.</summary>
    public static string Write(CliRun cli, int items) => cli.Write("items.jsonl", string.Join('\n', Enumerable.Range(1, items).Select(Item)) + "\n");
}
