using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LST.Core;

namespace LST.Evaluation.Records;

/// <summary>
/// Progress of a run, one line for each finished part (a chunk under a row), so that a run that was stopped goes on where it was. Every line carries a
/// checksum and is flushed to disk; what follows the last whole line is cut off when the journal is opened. A journal belongs to one run at a time
/// and to one set of settings: its key is a hash of everything that determines the numbers.
/// </summary>
/// <typeparam name="TResult">What is kept of a finished part; its JSON must round-trip.</typeparam>
public sealed class ChunkJournal<TResult> : IDisposable
{
    private readonly FileStream _stream;
    private readonly string _path;
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Row, int Chunk), TResult> _finished = [];

    private ChunkJournal(FileStream stream, string path, string key)
    {
        (_stream, _path) = (stream, path);
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        var header = Encoding.UTF8.GetBytes($$"""{"journal":1,"key":"{{key}}"}""" + "\n");
        var end = content.AsSpan().StartsWith(header) ? Replay(content, header.Length) : 0;
        CutBytes = content.Length - end;
        if (CutBytes > 0) stream.SetLength(end);
        stream.Position = end;
        if (end == 0) stream.Write(header);
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Bytes after the last whole line that were cut off on opening; 0 after a clean stop.</summary>
    public int CutBytes { get; }

    /// <summary>Number of finished parts.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _finished.Count;
        }
    }

    /// <summary>Opens or starts the journal of a run, <c>&lt;folder&gt;/&lt;key&gt;.jsonl</c>.</summary>
    /// <param name="folder">Work folder, made when it is missing.</param>
    /// <param name="key">From <see cref="JournalKey.Of"/>.</param>
    /// <exception cref="DataException">Another run has it open, or the folder cannot be written.</exception>
    public static ChunkJournal<TResult> Open(string folder, string key)
    {
        var path = Path.Combine(folder, key + ".jsonl");
        FileStream? stream = null;
        try
        {
            Directory.CreateDirectory(folder);
            stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return new ChunkJournal<TResult>(stream, path, key);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            stream?.Dispose();
            throw new DataException($"The journal '{key}.jsonl' cannot be opened ({exception.Message.TrimEnd('.')}); wait for the other run with the same settings, or free the folder.", exception);
        }
    }

    /// <summary>The result of a part that is finished already.</summary>
    public bool TryGet(string row, int chunk, out TResult result)
    {
        lock (_gate) return _finished.TryGetValue((row, chunk), out result!);
    }

    /// <summary>Writes down a finished part; on return it is on the disk. May be called from several threads.</summary>
    /// <exception cref="DataException">The disk did not take it; what was there before is kept.</exception>
    public void Append(string row, int chunk, TResult result)
    {
        var entry = JsonSerializer.SerializeToUtf8Bytes(new Entry(row, chunk, result), RecordJson.Options);
        byte[] line = [.. JournalLine.Prefix, .. JournalLine.Checksum(entry), .. JournalLine.Middle, .. entry, .. JournalLine.Suffix];
        lock (_gate)
        {
            if (_finished.ContainsKey((row, chunk))) throw new InvalidOperationException($"chunk {chunk} of row '{row}' is in the journal already");
            try
            {
                _stream.Write(line);
                _stream.Flush(flushToDisk: true);
            }
            catch (IOException exception)
            {
                throw new DataException($"The journal '{Path.GetFileName(_path)}' cannot be written ({exception.Message.TrimEnd('.')}); free space and start the command again, it goes on after the last whole line.", exception);
            }
            _finished.Add((row, chunk), result);
        }
    }

    /// <summary>Ends the journal and deletes it: the run's record is written.</summary>
    public void Complete()
    {
        Dispose();
        File.Delete(_path);
    }

    /// <summary>Closes the journal and keeps it; one in which nothing is finished is deleted.</summary>
    public void Dispose()
    {
        var isEmpty = _stream.CanRead && Count == 0;
        _stream.Dispose();
        if (isEmpty) File.Delete(_path);
    }

    private int Replay(byte[] content, int start)
    {
        while (start < content.Length)
        {
            var length = content.AsSpan(start).IndexOf((byte)'\n') + 1;
            if (length == 0 || Parse(content.AsSpan(start, length)) is not { } entry) break;
            _finished[(entry.Row, entry.Chunk)] = entry.Result;
            start += length;
        }
        return start;
    }

    private static Entry? Parse(ReadOnlySpan<byte> line)
    {
        var entry = JournalLine.Entry(line);
        if (entry.IsEmpty) return null;
        try
        {
            return JsonSerializer.Deserialize<Entry>(entry, RecordJson.Options);
        }
        catch (JsonException)
        {
            return null; // another build's form of the result: the part is computed again
        }
    }

    private sealed record Entry(string Row, int Chunk, TResult Result);
}

/// <summary>The name of a journal: a hash of everything that determines the numbers of a run.</summary>
public static class JournalKey
{
    /// <summary>The key of settings, 32 hex digits.</summary>
    /// <param name="settings">Any object; its JSON is hashed, so the order of its properties counts.</param>
    public static string Of<TSettings>(TSettings settings) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(settings, RecordJson.Options)))[..32];
}

/// <summary>The form of a line: <c>{"check":"16 hex digits of the entry's SHA-256","entry":{…}}</c>.</summary>
internal static class JournalLine
{
    private const int ChecksumLength = 16;

    public static ReadOnlySpan<byte> Prefix => "{\"check\":\""u8;

    public static ReadOnlySpan<byte> Middle => "\",\"entry\":"u8;

    public static ReadOnlySpan<byte> Suffix => "}\n"u8;

    public static byte[] Checksum(ReadOnlySpan<byte> entry) => Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(entry))[..ChecksumLength]);

    /// <summary>The entry of a whole line whose checksum is right; else empty.</summary>
    public static ReadOnlySpan<byte> Entry(ReadOnlySpan<byte> line)
    {
        var start = Prefix.Length + ChecksumLength + Middle.Length;
        if (line.Length <= start + Suffix.Length || !line.StartsWith(Prefix) || !line.EndsWith(Suffix)) return default;
        var entry = line[start..^Suffix.Length];
        return line[Prefix.Length..start].SequenceEqual([.. Checksum(entry), .. Middle]) ? entry : default;
    }
}
