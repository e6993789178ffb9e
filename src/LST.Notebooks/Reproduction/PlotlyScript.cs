namespace LST.Notebooks.Reproduction;

/// <summary>plotly.js as Plotly.NET carries it, for pages that work without a network.</summary>
internal static class PlotlyScript
{
    /// <summary>The whole library, safe inside a script element.</summary>
    public static string Text { get; } = Read();

    private static string Read()
    {
        var assembly = typeof(Plotly.NET.GenericChart).Assembly;
        var name = assembly.GetManifestResourceNames().Single(resource => resource.EndsWith(".min.js", StringComparison.Ordinal));
        using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd().Replace("</script", "<\\/script", StringComparison.OrdinalIgnoreCase);
    }
}
