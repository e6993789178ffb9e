using System.Runtime.InteropServices;
using System.Text;
using LST.Core;

namespace LST.Evaluation.Records;

/// <summary>
/// Writes a file so that at any moment, power cuts included, either the old or the whole new content is there: written beside, flushed to disk, renamed,
/// the folder flushed. A write that fails leaves nothing behind.
/// </summary>
public static partial class AtomicFile
{
    /// <summary>Writes UTF-8 text without BOM; missing folders are made.</summary>
    /// <exception cref="DataException">The file cannot be written there.</exception>
    public static void Write(string path, string content) => Write(path, Encoding.UTF8.GetBytes(content));

    /// <summary>Writes bytes; missing folders are made.</summary>
    /// <exception cref="DataException">The file cannot be written there.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var full = Path.GetFullPath(path);
        var folder = Path.GetDirectoryName(full) ?? throw new DataException($"'{path}' is a root folder and cannot be written as a file; give a file name.");
        var beside = Path.Combine(folder, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}.tmp");
        try
        {
            Directory.CreateDirectory(folder);
            using (var stream = new FileStream(beside, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }
            File.Move(beside, full, overwrite: true);
            FlushFolder(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"The file '{path}' cannot be written ({exception.Message.TrimEnd('.')}); free space or give another place.", exception);
        }
        finally
        {
            if (File.Exists(beside)) File.Delete(beside);
        }
    }

    /// <summary>Refuses a place where no file can be written, before the work whose result is to lie there. Missing folders are no hindrance, <see cref="Write(string, string)"/> makes them.</summary>
    /// <exception cref="UsageException">The place is a folder, or lies below a file.</exception>
    public static void RequirePlace(string path)
    {
        if (path.Length == 0 || Path.EndsInDirectorySeparator(path) || Directory.Exists(path))
            throw new UsageException($"'{path}' must be the name of a file to write, but it is {(path.Length == 0 ? "empty" : "a folder")}; give a file name");
        for (var folder = Path.GetDirectoryName(Path.GetFullPath(path)); folder is not null; folder = Path.GetDirectoryName(folder))
            if (File.Exists(folder)) throw new UsageException($"'{path}' must lie in a folder, but '{Path.GetFileName(folder)}' is a file; give another place");
    }

    /// <summary>Makes a rename or a deletion inside the folder durable. Windows does that by itself; a file system that cannot is left alone.</summary>
    internal static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows()) return;
        var descriptor = Open(folder, 0);
        if (descriptor < 0) return;
        _ = Flush(descriptor);
        _ = Close(descriptor);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Flush(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
