using LST.Core.Training;

namespace LST.Core.Tests.Training;

/// <summary>Who may write into, and empty, the folder of a run.</summary>
public sealed class RunLockTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("lst-lock-").FullName;

    [Fact]
    public void What_an_earlier_run_left_is_deleted_and_the_folder_is_free_again()
    {
        Fill();

        RunLock.Empty(folder);

        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
        new RunLock(folder).Dispose();
    }

    [Fact]
    public void A_folder_that_is_not_there_is_made() => Assert.True(Directory.Exists(Made(Path.Combine(folder, "a", "b"))));

    [Fact]
    public void Nothing_is_deleted_of_a_run_that_is_at_work()
    {
        Fill();
        using var other = new RunLock(folder);

        Assert.Contains("another run is writing into this folder", Assert.Throws<DataException>(() => RunLock.Empty(folder)).Message);

        Assert.Equal("kept", File.ReadAllText(Path.Combine(folder, "checkpoints", "step.json")));
        Assert.True(File.Exists(Path.Combine(folder, "log.jsonl")));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static string Made(string path)
    {
        RunLock.Empty(path);
        return path;
    }

    private void Fill()
    {
        Directory.CreateDirectory(Path.Combine(folder, "checkpoints"));
        File.WriteAllText(Path.Combine(folder, "checkpoints", "step.json"), "kept");
        File.WriteAllText(Path.Combine(folder, "log.jsonl"), "{}");
    }
}
