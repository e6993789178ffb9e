using System.Globalization;
using LST.Cli.Terminal;
using LST.Core;
using LST.Notebooks.Runner;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary><c>./lst notebook run</c>: executes notebooks headless, each in a process of its own that can be killed, and writes executed copies.</summary>
public sealed class NotebookRunCommand : Command<NotebookRunSettings>
{
    /// <inheritdoc/>
    public override int Execute(CommandContext context, NotebookRunSettings settings, CancellationToken cancellationToken)
    {
        var limits = settings.Limits;
        if (settings.IsWorker) return NotebookWorker.Run(settings.Files.Single(), settings.OutputFolder, limits, cancellationToken);
        var notebooks = Read(settings.Files);
        Console.Error.WriteLine($"runs as code, with your rights, into {settings.OutputFolder}:");
        foreach (var (path, notebook) in notebooks) Console.Error.WriteLine($"  {path}, {notebook.Cells.Count(cell => cell.IsCode)} code cells");
        var failed = 0;
        foreach (var (path, notebook) in notebooks)
        {
            var end = NotebookDisplay.Show(notebook.Name, onCell => NotebookProcess.Run(path, settings.OutputFolder, limits, onCell, cancellationToken));
            Report(notebook.Name, end);
            if (cancellationToken.IsCancellationRequested)
            {
                Console.Error.WriteLine("lst: stopped; the notebooks that were finished are kept");
                return 130;
            }
            if (end.Problem is not null) failed++;
        }
        if (failed > 0 && notebooks.Count > 1) Console.Error.WriteLine($"lst: {failed} of {notebooks.Count} notebooks failed");
        return failed == 0 ? 0 : 1;
    }

    private static List<(string Path, NotebookFile Notebook)> Read(IReadOnlyList<string> files)
    {
        var notebooks = files.Select(file => (Path: file, Notebook: NotebookFile.Read(file))).ToList();
        // Executed copies and their pictures are called after the notebook.
        if (notebooks.GroupBy(notebook => notebook.Notebook.Name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new UsageException($"notebooks of one run must have different names, but '{twice.Key}' stands there {twice.Count()} times; run them one after the other into different folders");
        return notebooks;
    }

    private static void Report(string name, NotebookEnd end)
    {
        foreach (var warning in end.Warnings) Console.Error.WriteLine($"warning: {warning}");
        var seconds = end.Seconds.ToString("0.0", CultureInfo.InvariantCulture);
        if (end.Problem is null) Console.WriteLine($"{name}: {end.Written}, {end.Pictures} {(end.Pictures == 1 ? "picture" : "pictures")}, {seconds} s");
        else Console.Error.WriteLine($"lst: {end.Problem.TrimEnd('.')}{(end.Written is null ? "" : $"; what ran is in {end.Written}")}");
    }
}
