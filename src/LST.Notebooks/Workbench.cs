using System.Runtime.CompilerServices;
using LST.Evaluation;
using LST.Notebooks.Display;
using LST.Notebooks.Runner;
using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.CSharp;
using TorchSharp;

namespace LST.Notebooks;

/// <summary>
/// The one call of a notebook's first cell. A notebook references one file, <c>src/LST.Cli/bin/Release/net10.0/LST.Notebooks.dll</c>
/// (the command line's output folder, where every assembly and native library lies flat), and calls <see cref="Load"/>.
/// </summary>
public static class Workbench
{
    // What cells may name without an #r of their own, when it lies in our folder.
    private static readonly string[] Named =
    [
        "LST.Core", "LST.Evaluation", "TorchSharp", "FSharp.Core", "DynamicObj", "Plotly.NET", "Plotly.NET.CSharp", "Microsoft.Data.Analysis",
    ];

    private static readonly Lock Gate = new();
    private static volatile bool loaded;

    /// <summary>The folder that LST.Notebooks.dll was loaded from.</summary>
    public static string Folder { get; } = Path.GetDirectoryName(typeof(Workbench).Assembly.Location) is { Length: > 0 } folder
        ? folder
        : AppContext.BaseDirectory;

    /// <summary>The root of the checkout, found by its solution file: whatever the front end made the working folder, paths start here.</summary>
    /// <exception cref="NotebookException">LST.Notebooks.dll does not lie in a checkout.</exception>
    public static string Root => ProjectFolders.Root
        ?? throw new NotebookException($"the workbench must lie in a checkout with LST.Workbench.sln, but no folder above {Folder} has one; clone the repository and open the notebook there");

    /// <summary>
    /// Whether the runner executes this notebook and writes the file itself: outputs are then bundles for a file (a figure as data and picture, no
    /// HTML that needs scripts), else for a live front end.
    /// </summary>
    public static bool IsHeadless { get; private set; }

    /// <summary>Cancelled when the running cell is to end, by its time limit or by the user: long work polls it at least every 100 ms.</summary>
    public static CancellationToken Cancel => KernelInvocationContext.Current?.CancellationToken ?? CancellationToken.None;

    /// <summary>Where tensors are: the accelerator's kind, or <c>cpu</c>.</summary>
    public static string Device => loaded && torch.cuda.is_available() ? "cuda" : "cpu";

    /// <summary>Says what this notebook reads, once each: a file of the project, relative to its root, or a name. What <see cref="Open"/> opens, texts, and sidecars need not be said. The executed copy names it, and a reproduction compares its digest.</summary>
    /// <param name="what">A relative path or a name, no path of the machine.</param>
    public static void Reads(string what) => Inputs.Said(what);

    /// <summary>
    /// Makes tensors, figures and tables work in this process: loads the native libraries by full path and, in a notebook, lets the cells
    /// after this one name the workbench, TorchSharp, Plotly.NET and DataFrame. Calling it again is harmless.
    /// </summary>
    /// <exception cref="NativeLibraryException">A native library is missing beside our assembly, or the system refuses to load it.</exception>
    public static void Load()
    {
        lock (Gate)
        {
            if (!loaded)
            {
                KernelAssemblies.AnswerFrom(Folder);
                NativeLibraries.LoadFrom(Folder);
                // TorchSharp's own start, now: here its failure has a name, in the middle of a cell it would be a type initialiser's.
                RuntimeHelpers.RunClassConstructor(typeof(torch).TypeHandle);
                Displays.Register();
                CellLanguages.Register(new SqlCells());
                loaded = true;
            }
        }
        if (KernelInvocationContext.Current?.HandlingKernel is not CSharpKernel kernel) return;
        kernel.AddAssemblyReferences(Named.Select(name => Path.Combine(Folder, name + ".dll")).Where(File.Exists));
        if (kernel.RootKernel is not CompositeKernel kernels) return;
        CellLanguages.AddTo(kernels);
        DisplayedText.TakeOver(kernels);
    }

    /// <summary>Ends the browser that draws pictures, if one was started.</summary>
    public static void CloseBrowser() => FigureDisplay.CloseBrowser();

    internal static void BeginHeadless()
    {
        IsHeadless = true;
        Displays.ChooseBundles();
        Inputs.Clear();
        Inputs.Watch();
    }

    internal static void EndHeadless()
    {
        IsHeadless = false;
        Displays.ChooseBundles();
    }
}
