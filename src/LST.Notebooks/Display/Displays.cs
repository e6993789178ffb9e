using Microsoft.DotNet.Interactive.Formatting;

namespace LST.Notebooks.Display;

/// <summary>How values of the workbench are shown in notebooks, registered with the kernel's formatters by <see cref="Workbench.Load"/>.</summary>
internal static class Displays
{
    /// <summary>One entry for each family of types. What registers itself here is asked once, at the first <see cref="Workbench.Load"/>.</summary>
    private static readonly List<Action> Families =
    [
        AnyValueDisplay.Register, ArrayDisplay.Register, DataFrameDisplay.Register, TensorDisplay.Register, CacheDisplay.Register, ModelDisplay.Register,
        RecordDisplay.Register, QueryDisplay.Register, FigureDisplay.Register, Progress.RegisterDisplay,
    ];

    private static readonly List<(Type Type, string[] InFile, string[] Live)> Bundles = [];

    /// <summary>Registers every family.</summary>
    public static void Register() => Families.ForEach(register => register());

    /// <summary>Shows values of a type, and of types that derive from it, as HTML and as plain text.</summary>
    public static void Show<T>(Func<T, string> html, Func<T, string> text)
    {
        Formatter.Register<T>((value, writer) => writer.Write(html(value)), HtmlFormatter.MimeType);
        Formatter.Register<T>((value, writer) => writer.Write(text(value)), PlainTextFormatter.MimeType);
        Formatter.SetPreferredMimeTypesFor(typeof(T), HtmlFormatter.MimeType, PlainTextFormatter.MimeType);
    }

    /// <summary>Shows values of a type as a table.</summary>
    public static void Show<T>(Func<T, Table> table) => Show<T>(value => table(value).Html(), value => table(value).Text());

    /// <summary>Shows values of a type as one sentence.</summary>
    public static void ShowSentence<T>(Func<T, string> sentence) => Show<T>(value => $"<code>{Visible.Html(sentence(value))}</code>", value => Visible.Text(sentence(value)));

    /// <summary>
    /// Shows values of a type, and of types that derive from it, in one set of MIME types where the runner writes a file and in another where a front end
    /// is live (<see cref="Workbench.IsHeadless"/>). Figures need both: data and picture in a file, a page that draws itself when live.
    /// </summary>
    /// <param name="inFile">MIME types of a file, first the richest.</param>
    /// <param name="live">MIME types of a live session.</param>
    /// <param name="format">The value in one of them.</param>
    public static void ShowBundle<T>(IReadOnlyList<string> inFile, IReadOnlyList<string> live, Func<T, string, string> format)
    {
        foreach (var mimeType in inFile.Union(live)) Formatter.Register<T>((value, writer) => writer.Write(format(value, mimeType)), mimeType);
        lock (Bundles) Bundles.Add((typeof(T), [.. inFile], [.. live]));
        ChooseBundles();
    }

    /// <summary>Makes the choice between file and live session again, after it changed in this process.</summary>
    public static void ChooseBundles()
    {
        lock (Bundles)
            foreach (var (type, inFile, live) in Bundles) Formatter.SetPreferredMimeTypesFor(type, Workbench.IsHeadless ? inFile : live);
    }
}
