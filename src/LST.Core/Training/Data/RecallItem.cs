using System.Text.Json;
using LST.Core.Training.Data.Kinds;

namespace LST.Core.Training.Data;

/// <summary>An item of the recall examination.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Template">Letter of its template.</param>
/// <param name="Keys">Facts in its context.</param>
/// <param name="TargetTokens">About how many tokens its context has.</param>
/// <param name="Sequence">Its ids; weight 1 marks the targets that belong to the answer.</param>
public sealed record RecallItem(string Id, string Template, int Keys, int TargetTokens, TrainingSequence Sequence);

/// <summary>Reads files of recall items.</summary>
internal static class RecallFile
{
    /// <summary>The items in order, each checked.</summary>
    public static List<RecallLine> Read(string path)
    {
        if (!File.Exists(path)) throw new DataException($"The recall items '{path}' do not exist; give the path of recall/dev.jsonl in a data folder.");
        var lines = new List<RecallLine>();
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (line.Length == 0) continue;
            var parsed = Parse(line, $"{path}, line {number}");
            if (parsed.Template is not ("A" or "B" or "C" or "D"))
                throw new UsageException($"{path}, line {number}: training may look at templates A to D, but this item has '{parsed.Template}', "
                    + "which is examined on; take recall/dev.jsonl.");
            lines.Add(parsed);
        }
        if (lines.Count == 0) throw new DataException($"{path}: a file of recall items must have lines, but it has none; get it again.");
        return lines;
    }

    private static RecallLine Parse(string line, string where)
    {
        try
        {
            var item = JsonSerializer.Deserialize<RecallLine>(line, RecallLine.Options);
            if (item is not null && item.Question.Length > 0 && item.Answer.Length > 0) return item;
        }
        catch (JsonException exception)
        {
            throw Broken(where, exception);
        }
        throw Broken(where, null);
    }

    private static DataException Broken(string where, Exception? inner) =>
        new($"{where}: a recall item must be an object with id, template, keys, target_tokens, context, question and answer, but this line is none; "
            + "get the file again.", inner);
}

/// <summary>A line of the file.</summary>
internal sealed record RecallLine(string Id, string Template, int Keys, int TargetTokens, string Context, string Question, string Answer)
{
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    public RecallItem ToItem(QuestionLayout layout) =>
        new(Id, Template, Keys, TargetTokens,
            layout.Build(Context, [new QuestionPart(Question, Answer)], 0, SequenceKinds.Recall, "recall/dev", $"{Template}, {Keys} facts"));
}
