using System.Text.Json;
using LST.Core;
using Plotly.NET;

namespace LST.Notebooks.Figures;

/// <summary>plotly.js as Plotly.NET carries it, so that no page needs a network.</summary>
public static class PlotlyScript
{
    private static readonly Lazy<string> Whole = new(Read);

    /// <summary>The minified script, about 3.5 MB.</summary>
    public static string Text => Whole.Value;

    /// <summary>JSON that may stand inside a script element: no tag can begin in it.</summary>
    internal static string Embeddable(string json) => json.Replace("<", "\\u003c").Replace("\u2028", "\\u2028").Replace("\u2029", "\\u2029");

    /// <summary>The script as a string literal of JavaScript.</summary>
    internal static string Literal() => Embeddable(JsonSerializer.Serialize(Text, LiteralOptions));

    private static readonly JsonSerializerOptions LiteralOptions = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static string Read()
    {
        var assembly = typeof(GenericChart).Assembly;
        var name = assembly.GetManifestResourceNames().FirstOrDefault(n => n.StartsWith("Plotly.NET.plotly-", StringComparison.Ordinal) && n.EndsWith(".js", StringComparison.Ordinal))
            ?? throw new DataException("The assembly Plotly.NET must carry plotly.js, but it has no such resource; restore the version in Directory.Packages.props.");
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
