using LST.Notebooks.Install;
using LST.Notebooks.Runner;
using LST.Notebooks.Tests.Packages;

namespace LST.Notebooks.Tests.FrontEnds;

/// <summary>A temporary folder that is all a Jupyter of ours knows: our kernels where the installer puts them, its settings, and whatever it writes.</summary>
internal sealed class JupyterFolder : IDisposable
{
    /// <summary>What a notebook may take, kernel's start included.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    // Less than the notebook's, so that nbconvert itself says which cell it was.
    private const int CellSeconds = 280;

    private readonly string program;

    private JupyterFolder(string what, string name)
    {
        program = ExternalProgram.Require(what, name);
        Path = Directory.CreateTempSubdirectory("lst-jupyter-").FullName;
        KernelSpecs.Install(At("share", "kernels"), KernelSpecs.Dotnet(), PinnedTool.Assembly(Shared.RepositoryRoot));
    }

    /// <summary>For <see cref="Execute"/>; skips the test where nbconvert is missing.</summary>
    public static JupyterFolder OfNbconvert() => new("Jupyter's nbconvert", "jupyter-nbconvert");

    /// <summary>For <see cref="Serve"/>; skips the test where Jupyter Notebook is missing.</summary>
    public static JupyterFolder OfNotebook() => new("Jupyter Notebook", "jupyter-notebook");

    public string Path { get; }

    public (string Name, string Value)[] Environment =>
        [("JUPYTER_PATH", At("share")), ("JUPYTER_RUNTIME_DIR", At("runtime")), ("JUPYTER_CONFIG_DIR", At("config")), ("JUPYTER_DATA_DIR", At("data"))];

    public string At(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>
    /// Runs a notebook under nbconvert where it lies; the copy with outputs goes to this folder. A cell that fails is an output of the copy; what comes to no copy fails the test.
    /// </summary>
    public async Task<NotebookFile> Execute(string notebook)
    {
        var name = System.IO.Path.GetFileNameWithoutExtension(notebook);
        string[] arguments =
            ["--to", "notebook", "--execute", notebook, "--allow-errors", $"--ExecutePreprocessor.timeout={CellSeconds}", "--output-dir", At("executed"), "--output", name];
        var (exitCode, output) = (1, "");
        // Jupyter finds free ports for a kernel, lets go of them and tells the kernel: another process may have taken one in between. That race is Jupyter's; a port of our own kernel's web server is no NetMQ socket.
        for (var attempt = 0; attempt < 3 && exitCode != 0 && (attempt == 0 || output.Contains("NetMQ.AddressAlreadyInUseException", StringComparison.Ordinal)); attempt++)
            (exitCode, output) = await ExternalProgram.Run(program, arguments, Path, Limit, Environment);
        Assert.True(exitCode == 0, $"notebook {name}: {output}");
        return NotebookFile.Read(At("executed", name + ".ipynb"));
    }

    /// <summary>Starts Jupyter Notebook on a folder.</summary>
    public Task<JupyterServer> Serve(string root) => JupyterServer.Start(program, root, At("runtime"), Environment);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
