namespace LST.Core.Training;

/// <summary>Held while a run writes into its folder, so that a second one does not write over it. The system frees it when the process ends, however it ends.</summary>
internal sealed class RunLock : IDisposable
{
    private readonly FileStream file;

    /// <summary>Takes the folder.</summary>
    /// <exception cref="DataException">Another run has it.</exception>
    public RunLock(string folder)
    {
        try
        {
            file = new FileStream(Path.Combine(folder, "run.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException)
        {
            throw new DataException($"{folder}: another run is writing into this folder; wait for its end, or name another --output-dir");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();
}
