using Microsoft.DotNet.Interactive.Formatting;

namespace LST.Notebooks.Display;

/// <summary>How values of the workbench are shown in notebooks, registered with the kernel's formatters by <see cref="Workbench.Load"/>.</summary>
internal static class Displays
{
    /// <summary>One entry for each family of types. What registers itself here is asked once, at the first <see cref="Workbench.Load"/>.</summary>
    private static readonly List<Action> Families =
    [
        AnyValueDisplay.Register, ArrayDisplay.Register, DataFrameDisplay.Register, TensorDisplay.Register, CacheDisplay.Register, ModelDisplay.Register,
        RecordDisplay.Register, QueryDisplay.Register, Progress.RegisterDisplay,
    ];

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

    /// <summary>Shows values of a type in several MIME types, chosen when the value is shown: what a file needs differs from what a live front end needs.</summary>
    /// <param name="mimeTypes">The types, first the richest.</param>
    /// <param name="format">The value in one of them.</param>
    public static void ShowBundle<T>(IReadOnlyList<string> mimeTypes, Func<T, string, string> format)
    {
        foreach (var mimeType in mimeTypes) Formatter.Register<T>((value, writer) => writer.Write(format(value, mimeType)), mimeType);
        Formatter.SetPreferredMimeTypesFor(typeof(T), [.. mimeTypes]);
    }
}
