using System.Runtime.CompilerServices;
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
    private static bool loaded;

    /// <summary>The folder that LST.Notebooks.dll was loaded from.</summary>
    public static string Folder { get; } = Path.GetDirectoryName(typeof(Workbench).Assembly.Location) is { Length: > 0 } folder
        ? folder
        : AppContext.BaseDirectory;

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
                loaded = true;
            }
        }
        if (KernelInvocationContext.Current?.HandlingKernel is CSharpKernel kernel)
            kernel.AddAssemblyReferences(Named.Select(name => Path.Combine(Folder, name + ".dll")).Where(File.Exists));
    }
}
