namespace LST.Core.Training;

/// <summary>Held while a run writes into its folder, so that a second one does not write over it. The system frees it when the process ends, however it ends.</summary>
public sealed class RunLock : IDisposable
{
    /// <summary>The file that is held.</summary>
    public const string FileName = "run.lock";

    private readonly FileStream file;

    /// <summary>Takes the folder, which is there.</summary>
    /// <exception cref="DataException">Another run has it.</exception>
    public RunLock(string folder)
    {
        try
        {
            file = new FileStream(Path.Combine(folder, FileName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException)
        {
            throw new DataException($"{folder}: another run is writing into this folder; wait for its end, or give this one a folder of its own (--output-dir, or another name in a notebook)");
        }
    }

    /// <summary>Deletes what an earlier run left in the folder, unless one is writing into it.</summary>
    /// <exception cref="DataException">One is; everything stays.</exception>
    public static void Empty(string folder)
    {
        Directory.CreateDirectory(folder);
        using var only = new RunLock(folder);
        foreach (var inner in Directory.GetDirectories(folder)) Directory.Delete(inner, recursive: true);
        foreach (var left in Directory.GetFiles(folder).Where(left => Path.GetFileName(left) != FileName)) File.Delete(left);
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();
}
