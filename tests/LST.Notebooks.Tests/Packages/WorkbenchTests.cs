namespace LST.Notebooks.Tests.Packages;

public class WorkbenchTests
{
    [Fact]
    public void Loading_twice_and_from_many_threads_is_harmless()
    {
        Workbench.Load();
        Parallel.For(0, 8, _ => Workbench.Load());
    }

    [Fact]
    public void A_folder_without_the_libraries_is_one_sentence_that_says_what_to_run()
    {
        var folder = Directory.CreateTempSubdirectory("lst-natives-").FullName;

        var error = Assert.Throws<NativeLibraryException>(() => NativeLibraries.LoadFrom(folder));

        Assert.Contains("run ./lst setup", error.Message);
        Assert.Contains(folder, error.Message);
        Assert.Equal(1, error.ExitCode);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void A_library_that_the_system_refuses_is_named_with_the_reason()
    {
        var folder = Directory.CreateTempSubdirectory("lst-natives-").FullName;
        var name = OperatingSystem.IsWindows() ? "LibTorchSharp.dll" : OperatingSystem.IsMacOS() ? "libLibTorchSharp.dylib" : "libLibTorchSharp.so";
        File.WriteAllText(Path.Combine(folder, name), "not a library");

        var error = Assert.Throws<NativeLibraryException>(() => NativeLibraries.LoadFrom(folder));

        Assert.StartsWith($"{name} must load", error.Message);
        Assert.DoesNotContain('\n', error.Message);
        Directory.Delete(folder, recursive: true);
    }
}
