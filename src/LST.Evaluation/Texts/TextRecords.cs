namespace LST.Evaluation.Texts;

/// <summary>Records of a text file: separated by a line that holds only <c>&lt;|doc|&gt;</c>, each ending with a line feed.</summary>
internal static class TextRecords
{
    private const string Separator = "\n<|doc|>\n";

    /// <summary>The file's records in order.</summary>
    public static IReadOnlyList<string> Split(string content)
    {
        var records = content.Split(Separator, StringSplitOptions.None);
        for (var i = 0; i < records.Length - 1; i++) records[i] += "\n";
        return records;
    }

    /// <summary>The records that a text takes.</summary>
    public static IReadOnlyList<string> Select(IReadOnlyList<string> records, RecordSelection selection) => selection switch
    {
        RecordSelection.Even => [.. records.Where((_, i) => i % 2 == 0)],
        RecordSelection.Odd => [.. records.Where((_, i) => i % 2 == 1)],
        _ => records,
    };

    /// <summary>One text of many records: an empty line stands where the separator was.</summary>
    public static string Join(IEnumerable<string> records) => string.Join('\n', records);
}
