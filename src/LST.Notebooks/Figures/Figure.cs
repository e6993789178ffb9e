using System.Text.Json.Nodes;
using Plotly.NET;

namespace LST.Notebooks.Figures;

/// <summary>A drawn figure: a chart that Plotly.NET can go on to style, its size, and what it says and rests on in words.</summary>
/// <param name="Name">Stem of its file names: <c>error-grid</c>.</param>
/// <param name="Chart">The chart.</param>
/// <param name="Width">Pixels, in every form of the figure alike.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Description">One sentence for a screen reader: what is drawn, the main number, the source.</param>
/// <param name="Source">Record ids behind it, or <see cref="ComputedLive"/>.</param>
public sealed record Figure(string Name, GenericChart Chart, int Width, int Height, string Description, string Source)
{
    /// <summary>The source of a figure that no record stands behind.</summary>
    public const string ComputedLive = "computed live";

    /// <summary>The description: a host that knows no figures shows a sentence.</summary>
    public override string ToString() => Description;

    /// <summary><c>{data, layout, config}</c> in the subset that plotly.js 2.28 to 4 draw alike; <see cref="PlotlySubset"/> checks it.</summary>
    public JsonObject ToPlotlyJson()
    {
        var json = PlotlyChart.ToJson(Chart);
        json["layout"]!["width"] = Width;
        json["layout"]!["height"] = Height;
        return json;
    }
}
