using System.Reflection;
using System.Runtime.Loader;

namespace LST.Notebooks;

/// <summary>
/// Inside a notebook kernel that is another program, makes our folder answer for the assemblies that the kernel does not have, or has in a
/// version that is too old. Each <c>#r</c> gets a load context of its own there and the kernel's assemblies come first; the kernel's
/// FSharp.Core is older than the one that Plotly.NET is compiled against, so that half of the F# assemblies would see one and half the other.
/// </summary>
internal sealed class KernelAssemblies : AssemblyLoadContext
{
    // These pass F# types to each other, so all of them must see the FSharp.Core of our folder, whatever version they ask for.
    private static readonly HashSet<string> FSharpFamily =
    [
        "FSharp.Core", "DynamicObj", "Giraffe.ViewEngine", "Plotly.NET", "Plotly.NET.CSharp", "Plotly.NET.ImageExport", "Plotly.NET.Interactive",
    ];

    private readonly string folder;

    private KernelAssemblies(string folder) : base("LST.Workbench") => this.folder = folder;

    /// <summary>Starts to answer, if our assembly was brought in by a kernel; in our own programs everything is in one context already.</summary>
    public static void AnswerFrom(string folder)
    {
        if (GetLoadContext(typeof(KernelAssemblies).Assembly) == Default) return;
        var context = new KernelAssemblies(folder);
        Default.Resolving += (_, name) => context.Find(name);
    }

    protected override Assembly? Load(AssemblyName name) => name.Name is { } known && FSharpFamily.Contains(known) ? Find(name) : null;

    private Assembly? Find(AssemblyName name)
    {
        var path = Path.Combine(folder, name.Name + ".dll");
        if (!File.Exists(path)) return null;
        return All.SelectMany(context => context.Assemblies).FirstOrDefault(loaded => !loaded.IsDynamic && loaded.Location == path)
            ?? LoadFromAssemblyPath(path);
    }
}
