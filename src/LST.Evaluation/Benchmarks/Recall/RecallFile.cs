using System.Text.Json;
using LST.Core;
using LST.Evaluation.Records;
using LST.Evaluation.Texts;

namespace LST.Evaluation.Benchmarks.Recall;

/// <summary>Files of recall items, of whatever templates: what is only evaluated may be of the test half. (Training reads the development half by a reader of its own, which refuses the other.)</summary>
public static class RecallFile
{
    private static readonly JsonSerializerOptions Options = new(RecordJson.Options) { AllowDuplicateProperties = false };

    /// <summary>Where the examination's half <c>dev</c> or <c>test</c> lies on this machine; null: nowhere.</summary>
    public static string? Find(string half) => DataFolder.FromEnvironment().Select(folder => folder.Find($"recall/{half}.jsonl")).FirstOrDefault(path => path is not null);

    /// <summary>The items of a file in order.</summary>
    /// <exception cref="DataException">The file is missing or empty, a line is no item, or two have one id.</exception>
    public static IReadOnlyList<RecallLine> Read(string path)
    {
        var items = new List<RecallLine>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var number = 0;
        foreach (var line in TextFile.Read(path, path).Split('\n'))
        {
            number++;
            if (line.Length == 0) continue;
            var item = Parse(line, $"{path}, line {number}");
            if (!ids.Add(item.Id)) throw new DataException($"{path}, line {number}: every item must have an id of its own, but '{item.Id}' is there already; get the file again.");
            items.Add(item);
        }
        return items.Count > 0 ? items : throw new DataException($"{path}: a file of recall items must have lines, but it has none; get it again.");
    }

    /// <summary>The line of an item, without line feed: what <see cref="Read"/> reads.</summary>
    public static string Format(RecallLine item) => JsonSerializer.Serialize(item, Options);

    private static RecallLine Parse(string line, string where)
    {
        string found;
        try
        {
            var item = JsonSerializer.Deserialize<RecallLine>(line, Options);
            found = item is null ? "it is null" : item.Id.Length == 0 ? "its id is empty" : item.Question.Length == 0 ? "its question is empty" : item.Answer.Length == 0 ? "its answer is empty" : "";
            if (found.Length == 0) return item!;
        }
        catch (JsonException exception)
        {
            found = exception.Message.TrimEnd('.');
        }
        throw new DataException($"{where}: a recall item must be an object with id, template, kind, keys, target_tokens, context, question and answer, but {found}; get the file again.");
    }
}
