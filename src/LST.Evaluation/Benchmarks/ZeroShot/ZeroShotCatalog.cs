using System.Text.Json;
using LST.Core;
using LST.Evaluation.Benchmarks.ZeroShot.Items;
using LST.Evaluation.Texts;

namespace LST.Evaluation.Benchmarks.ZeroShot;

/// <summary>The items of a task and where they came from.</summary>
/// <param name="Task">The task.</param>
/// <param name="Source">Where they were found, without any path of the machine: <c>shared zeroshot/piqa_valid.jsonl</c>.</param>
/// <param name="Sha256">Digest of the file's text, and of the labels' behind it where they lie beside it, lower-case hex.</param>
/// <param name="Documents">The items in the order of the file.</param>
public sealed record ZeroShotItems(ZeroShotTask Task, string Source, string Sha256, IReadOnlyList<ZeroShotDocument> Documents);

/// <summary>Finds and reads the files of likelihood tasks. The form of a line is recognised by its fields: the project's, the upstream project's, or that of the Hugging Face data set.</summary>
/// <param name="folders">Data folders in the order of the search.</param>
public sealed class ZeroShotCatalog(IReadOnlyList<DataFolder> folders)
{
    private const string LabelsEnding = "-labels.lst";

    /// <summary>The data folders of this machine: <c>LST_DATA</c>, the project's <c>data/</c>, <c>../shared/data</c> beside the checkout.</summary>
    public static ZeroShotCatalog FromEnvironment() => new(DataFolder.FromEnvironment());

    /// <summary>The evaluated items of a task.</summary>
    /// <exception cref="DataException">The file is missing, or a line of it is no item.</exception>
    public ZeroShotItems Load(ZeroShotTask task) => Find(task, task.Files)
        ?? throw new DataException($"The items of task '{task.Name}' are not on this machine; set LST_DATA to a data folder that holds {task.Files[0]} (source: {task.Source}), or name a file with --items.");

    /// <summary>The training split, from which examples are taken; null where no data folder has it.</summary>
    /// <exception cref="DataException">A line of the file is no item.</exception>
    public ZeroShotItems? LoadTraining(ZeroShotTask task) => Find(task, task.TrainingFiles);

    /// <summary>Reads one file of a task; labels may lie beside it in <c>NAME-labels.lst</c>.</summary>
    /// <param name="task">The task.</param>
    /// <param name="path">A file of JSON lines, which may be gzip.</param>
    /// <param name="shown">How records and messages call it; null: by its name.</param>
    /// <exception cref="DataException">It cannot be read, or a line is no item.</exception>
    public static ZeroShotItems Read(ZeroShotTask task, string path, string? shown = null)
    {
        var name = shown ?? $"file {Path.GetFileName(path)}";
        var content = TextFile.Read(path, name);
        var beside = Path.ChangeExtension(path, null) + LabelsEnding;
        var labelText = File.Exists(beside) ? TextFile.Read(beside, Path.GetFileName(beside)) : null;
        var labels = labelText is null ? null : Lines(labelText).ToList();
        var documents = new List<ZeroShotDocument>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (number, line) in Lines(content))
        {
            var label = labels is null ? null : documents.Count < labels.Count ? labels[documents.Count].Line
                : throw new DataException($"{Path.GetFileName(beside)} has to have a label for each item, but {name} has more items than its {labels.Count} lines; take both from one source.");
            var item = Item(task, line, documents.Count, $"{name} line {number}", label);
            // Results are filed by name; a data set that repeats one gets its number behind it.
            documents.Add(names.Add(item.ItemId) ? item : item with { ItemId = $"{item.ItemId}#{item.DocId}" });
        }
        if (documents.Count == 0) throw new DataException($"{name} has no items of task '{task.Name}'; give the data set's own file ({task.Source}).");
        return new ZeroShotItems(task, name, TextFile.Digest(content + labelText).Sha256, documents);
    }

    /// <summary>Reads one line.</summary>
    internal static ZeroShotDocument Item(ZeroShotTask task, string line, int docId, string place, string? label = null)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            if (json.RootElement.ValueKind == JsonValueKind.Object) return Item(task, json.RootElement, docId, place, label);
        }
        catch (JsonException)
        {
            // The sentence below says it.
        }
        throw new DataException($"{place} has to be one JSON object, an item of task '{task.Name}', but it is not; give the data set's own file ({task.Source}).");
    }

    /// <summary>Reads one object.</summary>
    internal static ZeroShotDocument Item(ZeroShotTask task, JsonElement item, int docId, string place, string? label = null) => task.Read(new ItemFields(item, task, docId, place, label));

    private ZeroShotItems? Find(ZeroShotTask task, IReadOnlyList<string> files)
    {
        foreach (var folder in folders)
            foreach (var file in files)
                if (folder.Find(file) is { } path) return Read(task, path, $"{folder.Label} {file}");
        return null;
    }

    // Items are counted without empty lines; messages count lines as editors do.
    private static IEnumerable<(int Number, string Line)> Lines(string content) =>
        content.Split('\n').Select((line, i) => (i + 1, line)).Where(line => !string.IsNullOrWhiteSpace(line.line));
}
