using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.DotNet.Interactive.Commands;

namespace LST.Notebooks.Runner;

/// <summary>
/// Runs notebooks top to bottom in kernels of this process, one at a time, each from a fresh kernel in its own folder. Cells are code and may do
/// anything that the process may: what is run is what the caller trusts.
/// </summary>
/// <param name="limits">Time, memory and size.</param>
public sealed class NotebookRunner(RunLimits limits)
{
    // Working folder, console and formatters belong to the process.
    private static readonly SemaphoreSlim OneAtATime = new(1);

    /// <summary>Runs a notebook until its end or its first failure.</summary>
    /// <param name="notebook">The notebook; it is not changed.</param>
    /// <param name="folder">Where it lies: the working folder of its cells.</param>
    /// <param name="onCell">Told before every code cell.</param>
    /// <param name="interrupt">Stops it; the cells so far are kept.</param>
    public async Task<NotebookRun> Run(NotebookFile notebook, string folder, Action<CellStart>? onCell = null, CancellationToken interrupt = default)
    {
        await OneAtATime.WaitAsync(interrupt);
        var before = Environment.CurrentDirectory;
        try
        {
            Environment.CurrentDirectory = Path.GetFullPath(folder);
            Workbench.BeginHeadless();
            return await Task.Run(() => RunCells(notebook, onCell, interrupt), CancellationToken.None);
        }
        finally
        {
            Workbench.EndHeadless();
            Environment.CurrentDirectory = before;
            OneAtATime.Release();
        }
    }

    private async Task<NotebookRun> RunCells(NotebookFile notebook, Action<CellStart>? onCell, CancellationToken interrupt)
    {
        var clock = Stopwatch.StartNew();
        var executed = NotebookFile.Parse(Encoding.UTF8.GetBytes(notebook.Json.ToJsonString()), notebook.Name);
        foreach (var cell in executed.Cells.Where(cell => cell.IsCode)) (cell.Json["outputs"], cell.Json["execution_count"]) = (new JsonArray(), null);
        var kernels = new CellKernels();
        var displayed = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        var count = 0;
        CellFailure? failure = null;
        var isAbandoned = false;
        for (var i = 0; i < executed.Cells.Count && failure is null; i++)
        {
            var cell = executed.Cells[i];
            if (!cell.IsCode || string.IsNullOrWhiteSpace(cell.Source)) continue;
            onCell?.Invoke(new CellStart(i + 1, executed.Cells.Count, cell.Id, clock.Elapsed));
            var outputs = new CellOutputs(displayed, ++count, limits);
            (failure, isAbandoned) = await RunCell(kernels, cell, outputs, clock.Elapsed, interrupt);
            (cell.Json["outputs"], cell.Json["execution_count"]) = (outputs.Close(failure), count);
            // The compiler's garbage of one cell is of no use to the next.
            if (count % 25 == 0) GC.Collect();
            LST.Core.FreedMemory.Return();
        }
        // Kernels with a cell that still runs cannot be taken away from it.
        if (!isAbandoned) kernels.Dispose();
        return new NotebookRun(notebook, executed, failure, clock.Elapsed, Inputs.Files, Inputs.Texts, isAbandoned);
    }

    private async Task<(CellFailure? Failure, bool IsAbandoned)> RunCell(CellKernels kernels, NotebookCell cell, CellOutputs outputs, TimeSpan spent, CancellationToken interrupt)
    {
        try
        {
            kernels.Prepare(cell);
        }
        catch (NotebookException problem)
        {
            return (CellFailure.Refused(cell.Id, problem), false);
        }
        using var watch = new RunWatch(limits, spent, interrupt);
        using var subscription = kernels.Composite.KernelEvents.Subscribe(outputs.Add);
        try
        {
            await kernels.Composite.SendAsync(new SubmitCode(cell.Code, cell.Language), watch.Token).WaitAsync(watch.Token);
        }
        catch (OperationCanceledException) when (watch.Token.IsCancellationRequested)
        {
            // Said below.
        }
        if (watch.Reason is { } reason) return (CellFailure.Stopped(cell.Id, reason.Name, reason.Message), !await kernels.Rest(limits.Grace));
        if (outputs.Errors.Count > 0 && outputs.Failed is not null) return (CellFailure.Compilation(cell.Id, outputs.Errors), false);
        return (outputs.Failed is { } failed ? CellFailure.Of(cell.Id, failed) : null, false);
    }
}
