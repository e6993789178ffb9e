using System.Diagnostics;
using System.Text.Json.Nodes;
using LST.Cli.Terminal;
using LST.Core;
using LST.Notebooks.Reproduction;
using LST.Notebooks.Runner;

namespace LST.Cli.Commands;

/// <summary>Work of a reproduction in processes of its own: one that hangs or eats memory is ended without harm to the rest.</summary>
/// <param name="root">Root of the checkout.</param>
internal sealed class ChildWork(string root) : IReproductionWork
{
    /// <inheritdoc/>
    public async Task<ExecutedFiles> Execute(string notebook, CancellationToken cancel)
    {
        var (name, figures) = (Path.GetFileNameWithoutExtension(notebook), Path.Combine(root, "figures"));
        var source = Path.Combine(root, notebook);
        NotebookFile.Read(source);
        var end = await Task.Run(() => NotebookDisplay.Show(name, onCell => NotebookProcess.Run(source, figures, new RunLimits(), onCell, cancel)), CancellationToken.None);
        cancel.ThrowIfCancellationRequested();
        foreach (var warning in end.Warnings) Console.Error.WriteLine($"warning: {warning}");
        if (end.Problem is not null) throw new DataException($"{end.Problem.TrimEnd('.')}{(end.Written is null ? "" : $"; what ran is in {Path.GetRelativePath(root, end.Written)}")}");
        var copy = $"figures/{name}.ipynb";
        var read = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(root, copy), cancel))?["metadata"]?["lst"]?["read"]?.AsArray() ?? [];
        var folder = Path.Combine(figures, name);
        var pictures = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.png") : [];
        return new ExecutedFiles([.. read.Select(file => (string)file!)], [copy, .. pictures.Select(file => $"figures/{name}/{Path.GetFileName(file)}").Order(StringComparer.Ordinal)]);
    }

    /// <inheritdoc/>
    public async Task Command(IReadOnlyList<string> arguments, string results, CancellationToken cancel)
    {
        // Its standard input ends with this process, however that ends, and the child with it: else it would go on beside the next reproduction.
        var start = new ProcessStartInfo(Environment.ProcessPath!) { WorkingDirectory = root, UseShellExecute = false, RedirectStandardInput = true };
        // Under "dotnet lst.dll" the process is dotnet and the program an argument.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        (start.Environment["LST_RESULTS"], start.Environment[Lifeline.Variable]) = (results, "1");
        using var process = Process.Start(start) ?? throw new DataException($"'./lst {arguments[0]}' could not be started");
        try
        {
            await process.WaitForExitAsync(cancel);
        }
        catch (OperationCanceledException)
        {
            process.StandardInput.Close();
            if (!process.WaitForExit(TimeSpan.FromSeconds(10))) process.Kill(entireProcessTree: true);
            throw;
        }
        if (process.ExitCode != 0) throw new DataException($"'./lst {string.Join(' ', arguments)}' ended with exit code {process.ExitCode}; its own line above says why, what was finished before is kept");
    }
}
