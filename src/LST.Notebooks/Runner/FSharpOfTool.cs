using System.Reflection;
using System.Runtime.Loader;
using LST.Evaluation;
using LST.Notebooks.Install;
using Microsoft.DotNet.Interactive;

namespace LST.Notebooks.Runner;

/// <summary>
/// The F# kernel in process. Its package is not published with its siblings; the same assembly lies in the pinned tool, built from the same commit, and
/// is loaded from there the first time that a cell is in F#.
/// </summary>
internal static class FSharpOfTool
{
    private static readonly Lazy<Assembly> Kernel = new(() =>
    {
        var folder = Path.GetDirectoryName(PinnedTool.Assembly(ProjectFolders.Root ?? throw new NotebookException("F# cells need the checkout, whose pinned tool brings the F# kernel; run the notebook inside it")))!;
        // Only what nothing else answers for: the compiler and its parts. FSharp.Core is that of our own folder, which is newer.
        AssemblyLoadContext.Default.Resolving += (context, name) =>
            name.Name is { } file && File.Exists(Path.Combine(folder, file + ".dll")) ? context.LoadFromAssemblyPath(Path.Combine(folder, file + ".dll")) : null;
        return AssemblyLoadContext.Default.LoadFromAssemblyPath(Path.Combine(folder, "Microsoft.DotNet.Interactive.FSharp.dll"));
    });

    public static Kernel Create()
    {
        const string room = "Microsoft.DotNet.Interactive.FSharp";
        var kernel = Activator.CreateInstance(Kernel.Value.GetType($"{room}.FSharpKernel", throwOnError: true)!)!;
        var extensions = Kernel.Value.GetType($"{room}.FSharpKernelExtensions", throwOnError: true)!;
        foreach (var extension in new[] { "UseDefaultFormatting", "UseKernelHelpers" }) extensions.GetMethod(extension)!.Invoke(null, [kernel]);
        return ((Kernel)kernel).UseValueSharing();
    }
}
