using System.Diagnostics;
using System.Text.Json.Nodes;
using LST.Core;
using LST.Notebooks.Reproduction;

namespace LST.Cli.Commands;

/// <summary>Work of a reproduction in processes of its own: one that hangs or eats memory is ended without harm to the rest.</summary>
/// <param name="root">Root of the checkout.</param>
internal sealed class ChildWork(string root) : IReproductionWork
{
    /// <inheritdoc/>
    public async Task<ExecutedFiles> Execute(string notebook, CancellationToken cancel)
    {
        await Run(["notebook", "run", notebook, "--out", "figures"], [], cancel);
        var name = Path.GetFileNameWithoutExtension(notebook);
        var copy = $"figures/{name}.ipynb";
        var read = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(root, copy), cancel))?["metadata"]?["lst"]?["read"]?.AsArray() ?? [];
        var folder = Path.Combine(root, "figures", name);
        var pictures = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.png") : [];
        return new ExecutedFiles([.. read.Select(file => (string)file!)], [copy, .. pictures.Select(file => $"figures/{name}/{Path.GetFileName(file)}").Order(StringComparer.Ordinal)]);
    }

    /// <inheritdoc/>
    public Task Command(IReadOnlyList<string> arguments, string results, CancellationToken cancel) => Run(arguments, [("LST_RESULTS", results)], cancel);

    private async Task Run(IReadOnlyList<string> arguments, IReadOnlyList<(string Name, string Value)> environment, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { WorkingDirectory = root, UseShellExecute = false };
        // Under "dotnet lst.dll" the process is dotnet and the program an argument.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(Environment.GetCommandLineArgs()[0]);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start) ?? throw new DataException($"'./lst {arguments[0]}' could not be started");
        try
        {
            await process.WaitForExitAsync(cancel);
        }
        catch (OperationCanceledException)
        {
            // The terminal's Ctrl-C reached the child, too: it ends in order, or not at all.
            if (!process.WaitForExit(TimeSpan.FromSeconds(10))) process.Kill(entireProcessTree: true);
            throw;
        }
        if (process.ExitCode != 0) throw new DataException($"'./lst {string.Join(' ', arguments)}' ended with exit code {process.ExitCode}; its own line above says why, what was finished before is kept");
    }
}
