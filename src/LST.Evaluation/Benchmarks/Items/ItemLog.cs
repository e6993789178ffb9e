using System.Text.RegularExpressions;
using LST.Core;
using LST.Evaluation.Records;

namespace LST.Evaluation.Benchmarks.Items;

/// <summary>
/// The lines of a task as they are scored, appended only, so that a run that was stopped goes on where it was: on return of <see cref="Append"/> they are on the disk; a last line that was not
/// written to its end is cut off on opening; what is there is not scored again. One process at a time writes a log.
/// </summary>
public sealed class ItemLog : IDisposable
{
    private readonly FileStream _stream;
    private readonly string _path;
    private readonly string _task;
    private readonly Shard _shard;
    private readonly Lock _gate = new();
    private readonly HashSet<ItemKey> _keys = [];

    private ItemLog(FileStream stream, string path, string task, Shard shard)
    {
        (_stream, _path, _task, _shard) = (stream, path, task, shard);
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        var file = ItemFile.Parse(path, content);
        foreach (var (line, _) in file.Lines) Require(line);
        _keys.UnionWith(file.Lines.Select(stored => stored.Line.Key));
        CutBytes = file.TornBytes;
        if (CutBytes > 0) stream.SetLength(content.Length - CutBytes);
        stream.Position = content.Length - CutBytes;
    }

    /// <summary>Bytes of an unfinished last line that were cut off on opening; 0 after a clean stop.</summary>
    public int CutBytes { get; }

    /// <summary>Number of lines.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _keys.Count;
        }
    }

    /// <summary>Opens or starts the log of a task; commands call <see cref="ItemFolder.Log"/>.</summary>
    internal static ItemLog Open(string folder, string task, Shard shard)
    {
        if (!ItemText.IsTaskName(task)) throw new ArgumentException($"'{task}' cannot name a file of lines", nameof(task));
        RequireSameShards(folder, task, shard);
        var path = Path.Combine(folder, shard.FileName(task));
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            if (stream.Length == 0) AtomicFile.FlushFolder(folder);
            return new ItemLog(stream, path, task, shard);
        }
        catch (Exception exception)
        {
            stream?.Dispose();
            if (exception is not (IOException or UnauthorizedAccessException)) throw;
            throw new DataException($"The log '{path}' cannot be opened ({exception.Message.TrimEnd('.')}); wait for the other run that writes it, or give another --out.", exception);
        }
    }

    /// <summary>Whether an item is scored under a row.</summary>
    public bool Contains(string itemId, ItemRow row)
    {
        lock (_gate) return _keys.Contains(new ItemKey(_task, itemId, row));
    }

    /// <summary>
    /// Writes down an item's rows, in the order of <see cref="ItemRow"/>; on return they are on the disk. Give the rows of an item together and items in the order of the task: then the file is the
    /// same however the run was stopped and cut into shards. May be called from several threads.
    /// </summary>
    /// <exception cref="DataException">A number is not finite, or the disk did not take it; what was there before is kept.</exception>
    public void Append(params IReadOnlyList<ItemLine> lines)
    {
        List<ItemLine> ordered = [.. lines.OrderBy(line => line.ItemIndex).ThenBy(line => line.Row)];
        byte[] bytes = [.. ordered.SelectMany(ItemText.Format)];
        foreach (var line in ordered) Require(line);
        lock (_gate)
        {
            var twice = ordered.FindIndex(line => _keys.Contains(line.Key));
            if (twice >= 0 || ordered.DistinctBy(line => line.Key).Count() < ordered.Count)
                throw new InvalidOperationException($"{ordered[Math.Max(0, twice)].Key} is scored already");
            var end = _stream.Position;
            try
            {
                _stream.Write(bytes);
                _stream.Flush(flushToDisk: true);
            }
            catch (IOException exception)
            {
                TakeBack(end);
                throw new DataException($"The log '{_path}' cannot be written ({exception.Message.TrimEnd('.')}); free space and start the command again, it goes on behind the last whole line.", exception);
            }
            _keys.UnionWith(ordered.Select(line => line.Key));
        }
    }

    /// <summary>Closes the log; one without lines is deleted.</summary>
    public void Dispose()
    {
        var isEmpty = _stream.CanRead && _stream.Length == 0;
        _stream.Dispose();
        if (isEmpty) File.Delete(_path);
    }

    // Where that fails too, the next opening cuts the torn line off.
    private void TakeBack(long end)
    {
        try
        {
            _stream.SetLength(end);
            _stream.Position = end;
        }
        catch (IOException)
        {
            _stream.Dispose();
        }
    }

    private void Require(ItemLine line)
    {
        if (line.Task != _task) throw new DataException($"The log '{_path}' holds lines of task '{_task}', but {line.Key} belongs to another; move the line to its own file.");
        if (!_shard.Has(line.ItemIndex)) throw new DataException($"The log '{_path}' holds shard {_shard}, but {line.Key} has place {line.ItemIndex}, which is another's; move the line to its own file.");
    }

    // Other shards of the same cut have other items; with another cut an item could be scored twice.
    private static void RequireSameShards(string folder, string task, Shard shard)
    {
        foreach (var path in Directory.EnumerateFiles(folder, "*.jsonl").Order(StringComparer.Ordinal))
        {
            var match = Regex.Match(Path.GetFileName(path), $@"^{Regex.Escape(task)}(?:\.[0-9]+-of-([0-9]+))?\.jsonl$", RegexOptions.CultureInvariant);
            if (!match.Success) continue;
            var found = match.Groups[1].Success ? match.Groups[1].Value : "1";
            if (found != shard.Count.ToString(System.Globalization.CultureInfo.InvariantCulture))
                throw new UsageException($"--shard {shard}: '{folder}' has task '{task}' in {(found == "1" ? "one piece" : $"{found} shards")} ('{Path.GetFileName(path)}'), "
                    + "and with another cut items would be scored twice; keep the number of shards, or give another --out");
        }
    }
}
