using System.Reflection;
using System.Text;
using Microsoft.CodeAnalysis.Scripting;
using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.CSharp;

namespace LST.Notebooks.Runner;

/// <summary>The kernels of one notebook: C# with helpers and shared values, the languages that are only shown, those that were plugged in, and F# when a cell asks for it.</summary>
internal sealed class CellKernels : IDisposable
{
    // The kernel has no option for it, and without it no exception knows its line. The package is the last of its kind and pinned.
    private static readonly FieldInfo? ScriptOptionsField = typeof(CSharpKernel).GetField("_scriptOptions", BindingFlags.Instance | BindingFlags.NonPublic);

    private readonly CSharpKernel csharp = new CSharpKernel().UseKernelHelpers().UseWho().UseValueSharing();

    public CellKernels()
    {
        Composite =
        [
            csharp, new HtmlKernel(), new DisplayedText("javascript", "application/javascript"),
            new DisplayedText("mermaid", "text/vnd.mermaid"), new DisplayedText("markdown", "text/markdown"),
        ];
        Composite.DefaultKernelName = csharp.Name;
        CellLanguages.AddTo(Composite);
    }

    public CompositeKernel Composite { get; }

    /// <summary>Makes ready for a cell.</summary>
    /// <exception cref="NotebookException">Its language is not there.</exception>
    public void Prepare(NotebookCell cell)
    {
        if (cell.Language == "fsharp" && Composite.All(kernel => kernel.Name != "fsharp")) Composite.Add(FSharpOfTool.Create());
        if (Composite.All(kernel => kernel.Name != cell.Language))
            throw new NotebookException($"no kernel runs '#!{cell.Language}' here; known are {string.Join(", ", Composite.ChildKernels.Select(kernel => kernel.Name))}");
        if (ScriptOptionsField?.GetValue(csharp) is ScriptOptions options)
            ScriptOptionsField.SetValue(csharp, options.WithEmitDebugInformation(true).WithFileEncoding(Encoding.UTF8).WithFilePath(cell.Id));
    }

    /// <summary>Whether the kernels come to rest within a time; a cell that polls nothing keeps them busy.</summary>
    public async Task<bool> Rest(TimeSpan within)
    {
        try
        {
            // Runs behind whatever still runs.
            await Composite.SendAsync(new Microsoft.DotNet.Interactive.Commands.SubmitCode("", csharp.Name)).WaitAsync(within);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public void Dispose() => Composite.Dispose();
}
