using System.Diagnostics;
using System.Globalization;
using LST.Evaluation;
using Microsoft.DotNet.Interactive.Formatting;

namespace LST.Notebooks.Display;

/// <summary>
/// Progress of long work as one display of the cell that updates in place, at most ten times a second. What stays at the end holds no time, so that
/// an executed copy does not change without a reason. Outside a notebook it says nothing.
/// </summary>
public sealed class Progress : IRunProgress
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly string[] MimeTypes = [HtmlFormatter.MimeType, PlainTextFormatter.MimeType];

    private readonly Lock gate = new();
    private readonly List<string> notes = [];
    private readonly Stopwatch clock = new();
    private UpdatingDisplay? display;
    private TimeSpan last;
    private (string What, long Total, long Done, long First, string Unit, string? Detail) state;

    /// <inheritdoc/>
    public void Begin(string what, long total, long done = 0, string unit = "chunks")
    {
        lock (gate)
        {
            Update(); // What the part before was left at.
            state = (what, total, done, done, unit, null);
            notes.Clear();
            clock.Restart();
            display = new UpdatingDisplay(MimeTypes);
            Update();
        }
    }

    /// <inheritdoc/>
    public void Advance(long steps = 1, string? detail = null)
    {
        lock (gate)
        {
            state = state with { Done = state.Done + steps, Detail = detail ?? state.Detail };
            if (state.Done >= state.Total || clock.Elapsed - last >= Pause) Update();
        }
    }

    /// <inheritdoc/>
    public void Note(string line)
    {
        lock (gate)
        {
            notes.Add(line);
            Update();
        }
    }

    internal static void RegisterDisplay() => Displays.Show<ProgressView>(view => view.Html(), view => view.Text());

    private void Update()
    {
        if (display is not { IsOpen: true } || state.What is null) return;
        last = clock.Elapsed;
        var rate = (state.Done - state.First) / Math.Max(1e-3, last.TotalSeconds);
        var left = state.Done < state.Total && rate > 0 ? TimeSpan.FromSeconds(Math.Min(1e6, (state.Total - state.Done) / rate)) : (TimeSpan?)null;
        display.Show(new ProgressView(state.What, state.Done, state.Total, state.Unit, state.Detail, left, [.. notes]));
    }
}

/// <summary>One moment of a progress.</summary>
internal sealed record ProgressView(string What, long Done, long Total, string Unit, string? Detail, TimeSpan? Left, IReadOnlyList<string> Notes)
{
    public string Html() => $"<div><progress max=\"{Math.Max(1, Total)}\" value=\"{Math.Min(Done, Total)}\"></progress> {Visible.Html(Line)}{string.Concat(Notes.Select(note => $"<br>{Visible.Html(note)}"))}</div>";

    public string Text() => string.Join('\n', Notes.Select(Visible.Text).Prepend(Visible.Text(Line)));

    private string Line => string.Create(CultureInfo.InvariantCulture, $"{What}: {Done}/{Total} {Unit}{(Detail is null ? "" : $", {Detail}")}{(Left is { } left ? $", {left:hh\\:mm\\:ss} left" : "")}");
}
