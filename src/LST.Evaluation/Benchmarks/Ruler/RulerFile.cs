using System.Text.Json;
using LST.Core;

namespace LST.Evaluation.Benchmarks.Ruler;

/// <summary>An item of a file that RULER wrote.</summary>
/// <param name="Task">Its task.</param>
/// <param name="ItemId">The line's number from 0, unique in the file.</param>
/// <param name="Prompt">The text in its three parts.</param>
/// <param name="Outputs">What the answer has to hold.</param>
public sealed record RulerFileItem(RulerTask Task, string ItemId, RulerPrompt Prompt, IReadOnlyList<string> Outputs)
{
    /// <summary><c>max_seq_length</c>, tokens of prompt and answer; null: the line does not say.</summary>
    public int? Length { get; init; }

    /// <summary><c>variant</c>; the generator as it is where the line does not say.</summary>
    public RulerVariant Variant { get; init; }

    /// <summary><c>tokens_to_generate</c>; the task's own where the line does not say.</summary>
    public int NewTokens { get; init; } = Task.NewTokens;
}

/// <summary>Reader of samples that RULER made elsewhere: JSON lines with <c>input</c> and <c>outputs</c>, <c>answer_prefix</c> where the input does not hold it, and where they are there <c>max_seq_length</c>, <c>variant</c>, <c>tokens_to_generate</c>.</summary>
public static class RulerFile
{
    /// <summary>The items in the order of the file.</summary>
    /// <param name="path">A JSONL file; its lines name their <c>task</c>, or the file's name begins with it and a dot.</param>
    /// <exception cref="DataException">The file cannot be read, or a line is no sample of a known task.</exception>
    /// <exception cref="UsageException">A line names a variant that is not known.</exception>
    public static IReadOnlyList<RulerFileItem> Read(string path)
    {
        var name = Path.GetFileName(path);
        var items = new List<RulerFileItem>();
        var number = 0;
        try
        {
            foreach (var line in File.ReadLines(path))
            {
                number++;
                if (line.Length > 0) items.Add(Item(line, name, number));
            }
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new DataException($"{name}, line {number}: a sample of RULER is an object with the text 'input' and the texts 'outputs', but this line is not ({error.Message}); write the file again.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"The file '{name}' cannot be read: {error.GetType().Name}; check that it exists and that you may read it.", error);
        }
        return items.Count > 0 ? items : throw new DataException($"The file '{name}' has to hold samples of RULER, one a line, but it is empty; write it again.");
    }

    private static RulerFileItem Item(string line, string file, int number)
    {
        using var document = JsonDocument.Parse(line);
        var root = document.RootElement;
        var taskName = root.TryGetProperty("task", out var named) ? named.GetString() : file.Split('.')[0];
        var task = RulerTasks.All.FirstOrDefault(known => known.Name == taskName) ?? throw new DataException(
            $"{file}, line {number}: the task '{taskName}' is not one of RULER's; name the file TASK.jsonl, with one of {string.Join(", ", RulerTasks.All)}.");
        string[] outputs = [.. root.GetProperty("outputs").EnumerateArray().Select(output => output.GetString() ?? throw new InvalidOperationException("an output is null"))];
        if (outputs.Length == 0) throw new InvalidOperationException("it has no outputs");
        var text = root.GetProperty("input").GetString() + (root.TryGetProperty("answer_prefix", out var prefix) ? prefix.GetString() : "");
        int? Whole(string field) => !root.TryGetProperty(field, out var value) || value.ValueKind == JsonValueKind.Null ? null
            : value.TryGetInt32(out var whole) && whole > 0 ? whole : throw new InvalidOperationException($"its {field} is no positive whole number");
        return new(task, $"{number - 1}", RulerPrompt.Of(task.Kind, text), outputs)
        {
            Length = Whole("max_seq_length"),
            Variant = root.TryGetProperty("variant", out var variant) && variant.GetString() is { } called ? RulerVariants.Find(called) : RulerVariant.Reference,
            NewTokens = Whole("tokens_to_generate") ?? task.NewTokens,
        };
    }
}
