using System.Globalization;
using LST.Evaluation;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace LST.Cli.Terminal;

/// <summary>Shows long work on standard error: a live bar with rate and remaining time in a terminal, plain lines elsewhere. Results go to standard output.</summary>
public static class RunDisplay
{
    /// <summary>Runs work that reports.</summary>
    public static T Show<T>(Func<IRunProgress, T> work)
    {
        var console = Screen.Error();
        if (!Screen.ErrorIsTerminal || !console.Profile.Capabilities.Interactive) return work(new LineProgress(Console.Error));
        return console.Progress().AutoClear(false)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 20 }, new PercentageColumn(), new StepsColumn(), new RemainingTimeColumn())
            .Start(context => work(new BarProgress(context, console)));
    }

    /// <summary>Steps done and their rate.</summary>
    private sealed class StepsColumn : ProgressColumn
    {
        // Broken over two lines the display would jump.
        protected override bool NoWrap => true;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Text(string.Create(CultureInfo.InvariantCulture, $"{task.Value:0}/{task.MaxValue:0}{(task.Speed is { } speed and > 0 ? $", {Rate(speed)}" : "")}"));

        private static string Rate(double perSecond) => perSecond >= 1
            ? string.Create(CultureInfo.InvariantCulture, $"{perSecond:0.0}/s") : string.Create(CultureInfo.InvariantCulture, $"{1 / perSecond:0.0} s each");
    }

    private sealed class BarProgress(ProgressContext context, IAnsiConsole console) : IRunProgress
    {
        private ProgressTask? task;
        private string name = "";

        public void Begin(string what, long total, long done = 0, string unit = "chunks")
        {
            task?.StopTask();
            name = what;
            task = context.AddTask(Markup.Escape(what), maxValue: Math.Max(1, total));
            task.Value = done;
        }

        public void Advance(long steps = 1, string? detail = null)
        {
            if (task is null) return;
            task.Increment(steps);
            if (detail is not null) task.Description = Markup.Escape($"{name} · {detail}");
        }

        public void Note(string line) => console.MarkupLine(Markup.Escape(line));
    }
}
