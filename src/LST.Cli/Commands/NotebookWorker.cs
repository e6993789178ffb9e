using System.Diagnostics;
using System.Text.Json;
using LST.Notebooks;
using LST.Notebooks.Runner;

namespace LST.Cli.Commands;

/// <summary>How a notebook's process ended.</summary>
/// <param name="Written">The executed copy; null: none could be written.</param>
/// <param name="Pictures">Number of pictures beside it.</param>
/// <param name="Warnings">Sizes above the limits of a gallery.</param>
/// <param name="Seconds">How long it ran.</param>
/// <param name="Problem">Why it failed; null: it did not.</param>
public sealed record NotebookEnd(string? Written, int Pictures, IReadOnlyList<string> Warnings, double Seconds, string? Problem);

/// <summary>One line that a notebook's process says to the one that started it: a cell that begins, or the end.</summary>
internal sealed record WorkerLine(CellStart? Cell, NotebookEnd? End);

/// <summary>The process of one notebook. It speaks in lines of JSON on standard output and stops when its standard input is closed.</summary>
internal static class NotebookWorker
{
    public static int Run(string file, string folder, RunLimits limits, CancellationToken cancellationToken)
    {
        using var lines = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
        // What cells print outside of the kernel's sight must not stand between the lines.
        Console.SetOut(Console.Error);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Lifeline.Watch(stop);
        void Say(WorkerLine line) => lines.WriteLine(JsonSerializer.Serialize(line));

        var notebook = NotebookFile.Read(file);
        var run = new NotebookRunner(limits).Run(notebook, Path.GetDirectoryName(Path.GetFullPath(file))!, cell => Say(new WorkerLine(cell, null)), stop.Token).GetAwaiter().GetResult();
        var written = ExecutedCopy.Write(run, folder);
        Say(new WorkerLine(null, new NotebookEnd(written.Notebook, written.Pictures.Count, written.Warnings, run.Elapsed.TotalSeconds, run.Problem)));
        Workbench.CloseBrowser();
        // A cell that still runs would keep the process alive, or crash in libtorch while it is taken down.
        if (run.IsAbandoned) Process.GetCurrentProcess().Kill();
        return run.Failure is null ? 0 : 1;
    }
}
