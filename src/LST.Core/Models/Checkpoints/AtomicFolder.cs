namespace LST.Core.Models.Checkpoints;

/// <summary>Builds a folder beside its place and renames it when it is complete; a failure leaves nothing behind.</summary>
internal static class AtomicFolder
{
    /// <exception cref="ModelFileException">The place is taken, or the disk refuses.</exception>
    public static void Write(string path, Action<string> build)
    {
        var target = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        if (File.Exists(target) || (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any()))
            throw new ModelFileException($"{path} must be a new or empty folder; it holds something already; name another or remove it.");
        var temporary = $"{target}.{Guid.NewGuid():N}.tmp";
        try
        {
            Directory.CreateDirectory(temporary);
            build(temporary);
            if (Directory.Exists(target)) Directory.Delete(target);
            Directory.Move(temporary, target);
            NativeMemory.FlushFolder(System.IO.Path.GetDirectoryName(target)!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException($"{path} cannot be written: {error.Message.TrimEnd('.')}; check the folder, its rights and the free space.", error);
        }
        finally
        {
            if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
        }
    }
}
