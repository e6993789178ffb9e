using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using LST.Notebooks.Install;
using LST.Notebooks.Runner;

namespace LST.Cli.Commands;

/// <summary>Starts the process of one notebook, listens to it, and kills it when it does not end in time: a thread that polls nothing cannot be stopped from within.</summary>
internal static class NotebookProcess
{
    // Above what the process itself allows for: its start, and writing the copy.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static NotebookEnd Run(string file, string folder, RunLimits limits, Action<CellStart> onCell, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(Start(file, folder, limits))!;
        using var asked = cancel.Register(process.StandardInput.Close);
        using var late = new Timer(_ => Kill(process), null, limits.Notebook + limits.Grace + Patience, Timeout.InfiniteTimeSpan);
        using var impatient = cancel.Register(() => late.Change(limits.Grace + Patience, Timeout.InfiniteTimeSpan));
        NotebookEnd? end = null;
        var last = "";
        while (process.StandardOutput.ReadLine() is { } text)
        {
            if (Parse(text) is not { } line) continue;
            end = line.End;
            // Nothing follows; a program that the notebook started may hold the other end open for ever.
            if (end is not null) break;
            if (line.Cell is not { } cell) continue;
            last = cell.Id;
            onCell(cell);
        }
        process.WaitForExit();
        return end ?? new NotebookEnd(null, 0, [], clock.Elapsed.TotalSeconds, Lost(file, last, process.ExitCode));
    }

    private static ProcessStartInfo Start(string file, string folder, RunLimits limits)
    {
        static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);
        return new ProcessStartInfo(KernelSpecs.Dotnet(),
        [
            typeof(NotebookProcess).Assembly.Location, "notebook", "run", Path.GetFullPath(file), "--worker", "--out", folder, "--cell-timeout", Text(limits.Cell.TotalSeconds),
            "--timeout", Text(limits.Notebook.TotalSeconds), "--memory-gb", Text(limits.MemoryBytes / 1e9),
        ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
    }

    private static WorkerLine? Parse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<WorkerLine>(text);
        }
        catch (JsonException)
        {
            Console.Error.WriteLine(text); // Printed by native code, past the console.
            return null;
        }
    }

    private static string Lost(string file, string cell, int exitCode) =>
        $"notebook '{Path.GetFileNameWithoutExtension(file)}'{(cell.Length == 0 ? "" : $", cell '{cell}'")}: its process ended with exit code {exitCode} before the run was over, and left no copy; " +
        "its last lines above may say why, else the system may have ended it for its memory: lower --memory-gb";

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }
    }
}
