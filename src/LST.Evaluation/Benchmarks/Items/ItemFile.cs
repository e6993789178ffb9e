using LST.Core;

namespace LST.Evaluation.Benchmarks.Items;

/// <summary>A line of a file, and its bytes as they stand there.</summary>
/// <param name="Line">What it says.</param>
/// <param name="Bytes">All of it, the line feed included.</param>
internal sealed record StoredLine(ItemLine Line, ReadOnlyMemory<byte> Bytes);

/// <summary>A file of item lines, read.</summary>
/// <param name="Path">Where it lies.</param>
/// <param name="Lines">Its lines in order.</param>
/// <param name="TornBytes">Bytes behind the last line feed, of a line that was not written to its end; 0 after a clean stop.</param>
internal sealed record ItemFile(string Path, IReadOnlyList<StoredLine> Lines, int TornBytes)
{
    // EWOULDBLOCK of the lock, and a sharing violation: what .NET makes of a file that another process has opened for itself.
    private const int LockedOnUnix = 11, LockedOnMac = 35, LockedOnWindows = unchecked((int)0x80070020);

    /// <summary>All files of item lines below a folder, in the order of their paths.</summary>
    public static IReadOnlyList<string> Below(string folder) =>
        Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*.jsonl", SearchOption.AllDirectories).Order(StringComparer.Ordinal)] : [];

    /// <summary>Reads a file; what follows the last line feed is left out.</summary>
    /// <exception cref="DataException">It cannot be read, a line is broken, or an item is there twice.</exception>
    public static ItemFile Read(string path)
    {
        try
        {
            return Parse(path, File.ReadAllBytes(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, exception);
        }
    }

    /// <summary>Reads a file; null: another run is writing it.</summary>
    /// <exception cref="DataException">A line is broken, or an item is there twice.</exception>
    public static ItemFile? TryRead(string path)
    {
        byte[] content;
        try
        {
            content = File.ReadAllBytes(path);
        }
        catch (IOException exception) when (exception.HResult is LockedOnUnix or LockedOnMac or LockedOnWindows)
        {
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, exception);
        }
        return Parse(path, content);
    }

    /// <summary>The lines of a file's content.</summary>
    public static ItemFile Parse(string path, byte[] content)
    {
        var lines = new List<StoredLine>();
        var keys = new Dictionary<ItemKey, int>();
        var start = 0;
        for (int length; (length = content.AsSpan(start).IndexOf((byte)'\n') + 1) > 0; start += length)
        {
            var line = ItemText.Parse(content.AsSpan(start, length - 1), $"{path}, line {lines.Count + 1},");
            lines.Add(new StoredLine(line, content.AsMemory(start, length)));
            if (!keys.TryAdd(line.Key, lines.Count))
                throw new DataException($"{path}: an item is scored once under a row, but {line.Key} stands in lines {keys[line.Key]} and {lines.Count}; take one of them out.");
        }
        return new ItemFile(path, lines, content.Length - start);
    }

    private static DataException Unreadable(string path, Exception exception) =>
        new($"The item lines '{path}' cannot be read ({exception.Message.TrimEnd('.')}); wait for the run that writes them, or check the path.", exception);
}
