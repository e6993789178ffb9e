namespace LST.Core.Models.Checkpoints;

/// <summary>Writes beside, flushes to disk, renames: a reader sees the old file or the whole new one, never a part.</summary>
internal static class AtomicFile
{
    /// <exception cref="ModelFileException">The folder is missing or the disk refuses.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        var target = System.IO.Path.GetFullPath(path);
        var temporary = $"{target}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, target, overwrite: true);
            NativeMemory.FlushFolder(System.IO.Path.GetDirectoryName(target)!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException($"{path} cannot be written: {error.Message.TrimEnd('.')}; check the folder, its rights and the free space.", error);
        }
        finally
        {
            if (File.Exists(temporary)) File.Delete(temporary);
        }
    }
}
