using System.Buffers;
using LST.Core;
using LST.Evaluation.Records;

namespace LST.Evaluation.Benchmarks.Items;

/// <summary>
/// Brings the lines of shards together as the whole run would have written them, byte for byte: tasks in files of their own, items by place, the rows of an item by <see cref="ItemRow"/>. The
/// order of the inputs does not matter, and merging again, with what was merged before among the inputs or not, changes nothing.
/// </summary>
public static class ItemMerge
{
    /// <summary>Merges folders into another one, where earlier merges may lie.</summary>
    /// <param name="output">Folder of the merged lines; neither one of the inputs nor inside one.</param>
    /// <param name="inputs">Folders of lines, shards or not.</param>
    /// <returns>Lines by task.</returns>
    /// <exception cref="UsageException">The folders' lines do not belong together, or the output is an input.</exception>
    /// <exception cref="DataException">A file is broken or being written, or two files have different lines of one item under one row.</exception>
    public static IReadOnlyDictionary<string, int> Into(string output, IReadOnlyList<string> inputs)
    {
        if (inputs.FirstOrDefault(input => IsIn(output, input)) is { } outer)
            throw new UsageException($"a merge goes into a folder of its own, but '{output}' is or lies in '{outer}', which is merged; give another --out");
        var manifest = Agreed(inputs);
        return ItemFolder.Locked(output, () => Merge(output, inputs, manifest));
    }

    /// <summary>All lines of several files, each once, in the order of tasks, items and rows.</summary>
    /// <exception cref="DataException">Two files have different lines of one item under one row.</exception>
    internal static IReadOnlyList<StoredLine> Union(IEnumerable<ItemFile> files)
    {
        var lines = new Dictionary<ItemKey, (StoredLine Stored, string Path)>();
        foreach (var file in files)
            foreach (var stored in file.Lines)
                if (!lines.TryAdd(stored.Line.Key, (stored, file.Path)) && !lines[stored.Line.Key].Stored.Bytes.Span.SequenceEqual(stored.Bytes.Span))
                    throw new DataException($"{stored.Line.Key} must have one line, but those in '{lines[stored.Line.Key].Path}' and '{file.Path}' differ; find out which run is right, and leave the other out.");
        return [.. lines.Values.Select(value => value.Stored).OrderBy(stored => stored.Line.Task, StringComparer.Ordinal).ThenBy(stored => stored.Line.ItemIndex)
            .ThenBy(stored => stored.Line.ItemId, StringComparer.Ordinal).ThenBy(stored => stored.Line.Row)];
    }

    private static Dictionary<string, int> Merge(string output, IReadOnlyList<string> inputs, ItemManifest manifest)
    {
        // Everything is read and found in order before anything is written.
        var lines = Union(inputs.Append(output).SelectMany(ItemFile.Below).Select(ItemFile.Read));
        ItemFolder.Join(output, manifest);
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var task in lines.GroupBy(stored => stored.Line.Task))
        {
            var path = Path.Combine(output, Shard.Whole.FileName(task.Key));
            RequireFree(path);
            var content = new ArrayBufferWriter<byte>();
            foreach (var stored in task) content.Write(stored.Bytes.Span);
            AtomicFile.Write(path, content.WrittenSpan);
            counts.Add(task.Key, task.Count());
        }
        return counts;
    }

    private static ItemManifest Agreed(IReadOnlyList<string> inputs)
    {
        ItemManifest? all = null;
        foreach (var input in inputs)
        {
            var next = ItemManifest.Read(input) ?? throw new DataException($"'{input}' has no {ItemManifest.FileName}, so that it holds no run; check the path.");
            if (all is not null && next.Differences(all) is { Count: > 0 } differences)
                throw new UsageException($"'{input}' cannot be merged with the folders before it: all lines must come from the same model, data and options, but {string.Join(", ", differences.Take(3))}; leave it out");
            all = all?.With(next) ?? next;
        }
        return all ?? throw new UsageException("a merge needs at least one folder of item lines, but none was given; name the folders of the shards");
    }

    // A run that has the file open would go on writing into the one that is replaced.
    private static void RequireFree(string path)
    {
        try
        {
            if (File.Exists(path)) new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"'{path}' cannot be replaced ({exception.Message.TrimEnd('.')}); wait for the run that writes it.", exception);
        }
    }

    private static bool IsIn(string folder, string other) => (Full(folder) + Path.DirectorySeparatorChar).StartsWith(Full(other) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static string Full(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
}
