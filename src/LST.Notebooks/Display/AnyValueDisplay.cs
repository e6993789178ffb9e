using Microsoft.DotNet.Interactive.Formatting;

namespace LST.Notebooks.Display;

/// <summary>Types without a display of their own: beside the kernel's HTML always plain text, which is all that some readers get.</summary>
internal static class AnyValueDisplay
{
    private static readonly Type[] Plain =
    [
        typeof(string), typeof(char), typeof(bool), typeof(byte), typeof(short), typeof(int), typeof(long), typeof(float), typeof(double), typeof(decimal), typeof(TimeSpan), typeof(DateTime), typeof(Enum),
    ];

    public static void Register()
    {
        Formatter.SetPreferredMimeTypesFor(typeof(object), HtmlFormatter.MimeType, PlainTextFormatter.MimeType);
        foreach (var type in Plain) Formatter.SetPreferredMimeTypesFor(type, PlainTextFormatter.MimeType);
    }
}
