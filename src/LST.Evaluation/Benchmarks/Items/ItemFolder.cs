using LST.Core;
using LST.Evaluation.Records;

namespace LST.Evaluation.Benchmarks.Items;

/// <summary>
/// The folder of a benchmark's lines (<c>--out DIR</c>): <c>run.json</c>, what they have in common, and <c>task.jsonl</c>, or <c>task.i-of-n.jsonl</c> of shards, one file a task. Every file
/// <c>*.jsonl</c> below it holds item lines and nothing else. <c>run.lock</c> is empty; it keeps two commands from changing <c>run.json</c> at once.
/// </summary>
public sealed class ItemFolder
{
    private const string LockName = "run.lock";
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(20);

    private ItemFolder(string path, ItemManifest manifest) => (FolderPath, Manifest) = (path, manifest);

    /// <summary>Where it is.</summary>
    public string FolderPath { get; }

    /// <summary>What its lines have in common, this command's methods and data included.</summary>
    public ItemManifest Manifest { get; private set; }

    /// <summary>Opens a folder for a command, or starts it.</summary>
    /// <param name="path">The folder; made when it is missing.</param>
    /// <param name="manifest">What the command's lines have in common.</param>
    /// <exception cref="UsageException">Lines of another kind are there already, or the path is a file.</exception>
    /// <exception cref="DataException">The folder cannot be written, or it has lines without <c>run.json</c>.</exception>
    public static ItemFolder Open(string path, ItemManifest manifest)
    {
        if (path.Length == 0 || File.Exists(path)) throw new UsageException($"--out '{path}': it must be a folder, but it is {(path.Length == 0 ? "empty" : "a file")}; give a folder");
        return new ItemFolder(path, Locked(path, () => Join(path, manifest)));
    }

    /// <summary>Lines will be added by the build of a commit.</summary>
    /// <exception cref="DataException">The folder cannot be written.</exception>
    public void Scores(string commit) => Manifest = Locked(FolderPath, () => Join(FolderPath, Manifest with { Commits = [commit] }));

    /// <summary>The log of a task's lines, or of a shard's.</summary>
    /// <exception cref="UsageException">The folder has the task under another number of shards.</exception>
    /// <exception cref="DataException">Another run has the log open, or a line of it is broken.</exception>
    public ItemLog Log(string task, Shard shard = default) => ItemLog.Open(FolderPath, task, shard);

    /// <summary>All lines of a folder, in the order of tasks, items and rows; a line that several files have alike is there once.</summary>
    /// <exception cref="DataException">A file is broken, or two of them have different lines of one item under one row.</exception>
    public static IReadOnlyList<ItemLine> Read(string path)
    {
        if (!Directory.Exists(path)) throw new DataException($"The folder of item lines '{path}' does not exist; check the path.");
        return [.. ItemMerge.Union(ItemFile.Below(path).Select(ItemFile.Read)).Select(stored => stored.Line)];
    }

    /// <summary>All lines of a folder but those of files that other runs are writing: several shards or tasks may be under way in one folder.</summary>
    /// <param name="path">The folder.</param>
    /// <returns>Lines as <see cref="Read"/> has them, and the names of the files that are left out.</returns>
    /// <exception cref="DataException">A file is broken, or two of them have different lines of one item under one row.</exception>
    public static (IReadOnlyList<ItemLine> Lines, IReadOnlyList<string> UnderWay) ReadFinished(string path)
    {
        if (!Directory.Exists(path)) throw new DataException($"The folder of item lines '{path}' does not exist; check the path.");
        var files = ItemFile.Below(path).Select(file => (Path: file, Content: ItemFile.TryRead(file))).ToList();
        return ([.. ItemMerge.Union(files.Select(file => file.Content).OfType<ItemFile>()).Select(stored => stored.Line)], [.. files.Where(file => file.Content is null).Select(file => Path.GetFileName(file.Path))]);
    }

    /// <summary>Brings a folder's manifest and another one together, and writes it where it grew.</summary>
    internal static ItemManifest Join(string path, ItemManifest manifest)
    {
        var there = ItemManifest.Read(path);
        if (there is null && ItemFile.Below(path).FirstOrDefault() is { } orphan)
            throw new DataException($"'{path}' has item lines ('{Path.GetFileName(orphan)}') but no {ItemManifest.FileName} that says what they have in common; take another folder.");
        if (there is not null && manifest.Differences(there) is { Count: > 0 } differences)
            throw new UsageException($"'{path}': all lines of a folder must come from the same model, data and options, but {string.Join(", ", differences.Take(3))}"
                + $"{(differences.Count > 3 ? $" ({differences.Count - 3} more)" : "")}; take another folder");
        var joined = there is null ? manifest : there.With(manifest);
        if (there?.Format() != joined.Format()) AtomicFile.Write(Path.Combine(path, ItemManifest.FileName), joined.Format());
        return joined;
    }

    /// <summary>Does something while no other process does the same to this folder.</summary>
    internal static T Locked<T>(string path, Func<T> work)
    {
        for (var waited = System.Diagnostics.Stopwatch.StartNew(); ; Thread.Sleep(20))
        {
            FileStream file;
            try
            {
                Directory.CreateDirectory(path);
                file = new FileStream(Path.Combine(path, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(Path.Combine(path, LockName)) && waited.Elapsed < LongestWait)
            {
                continue;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new DataException($"The folder '{path}' cannot be written ({exception.Message.TrimEnd('.')}); free it, or take another one.", exception);
            }
            using (file) return work();
        }
    }
}
