using System.Diagnostics;
using Microsoft.DotNet.Interactive.Events;

namespace LST.Notebooks.Runner;

/// <summary>Why a notebook's run ended early.</summary>
/// <param name="CellId">The cell.</param>
/// <param name="Line">Line in the cell, from 1; null: not known.</param>
/// <param name="Name">Kind of error: the exception's type, <c>CompilationError</c>, <c>TimeLimit</c>, <c>MemoryLimit</c>, <c>Interrupted</c>.</param>
/// <param name="Message">What went wrong, without line breaks.</param>
/// <param name="Traceback">Lines for the error output.</param>
public sealed record CellFailure(string CellId, int? Line, string Name, string Message, IReadOnlyList<string> Traceback)
{
    // A submission's name changes with the number of cells before it.
    private const string Submission = "Submission#";

    /// <summary>One sentence that names notebook, cell, line and message.</summary>
    public string Sentence(string notebook) => $"notebook '{notebook}', cell '{CellId}'{(Line is { } line ? $", line {line}" : "")}: {Message}";

    internal static CellFailure Compilation(string cell, IReadOnlyList<Microsoft.DotNet.Interactive.Diagnostic> errors) =>
        new(cell, errors[0].LinePositionSpan.Start.Line + 1, "CompilationError", OneLine($"{errors[0].Code}: {errors[0].Message}{(errors[0].Code == "CS0006" ? "; build the workbench with ./lst setup" : "")}"),
            [.. errors.Select(error => OneLine($"line {error.LinePositionSpan.Start.Line + 1}: {error.Code}: {error.Message}"))]);

    internal static CellFailure Of(string cell, CommandFailed failed)
    {
        if (failed.Exception is not { } exception) return new(cell, null, "Error", OneLine(failed.Message), [.. failed.Message.Split('\n')]);
        exception = exception is System.Reflection.TargetInvocationException or AggregateException && exception.InnerException is { } inner ? inner : exception;
        var frames = new StackTrace(exception, fNeedFileInfo: true).GetFrames();
        var own = Array.FindIndex(frames, frame => CellOf(frame) == cell && frame.GetFileLineNumber() > 0);
        return new(cell, own < 0 ? null : frames[own].GetFileLineNumber(), exception.GetType().Name, OneLine(exception.Message), Trace(exception, frames));
    }

    internal static CellFailure Stopped(string cell, string name, string message) => new(cell, null, name, message, [message]);

    internal static CellFailure Refused(string cell, NotebookException problem) => new(cell, null, nameof(NotebookException), OneLine(problem.Message), [problem.Message]);

    private static IReadOnlyList<string> Trace(Exception exception, StackFrame[] frames)
    {
        // Below the last frame of a cell there is only the kernel.
        var last = Array.FindLastIndex(frames, IsOfCell);
        return [$"{exception.GetType().FullName}: {exception.Message}", .. frames.Take(last < 0 ? 3 : last + 1).Select(Shown).Where(line => line.Length > 0)];
    }

    private static string Shown(StackFrame frame)
    {
        if (IsOfCell(frame)) return $"   at cell '{CellOf(frame)}'{(frame.GetFileLineNumber() is > 0 and var line ? $", line {line}" : "")}";
        return frame.GetMethod() is { } method ? $"   at {method.DeclaringType?.FullName}.{method.Name}" : "";
    }

    // The compiler made a path of the id, in the working folder.
    private static string? CellOf(StackFrame frame) => IsOfCell(frame) ? Path.GetFileName(frame.GetFileName()) : null;

    private static bool IsOfCell(StackFrame frame) => frame.GetMethod()?.DeclaringType?.FullName?.StartsWith(Submission, StringComparison.Ordinal) == true;

    private static string OneLine(string text) => string.Join(' ', text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
