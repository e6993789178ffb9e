using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.FSharp.Collections;
using Plotly.NET;

namespace LST.Notebooks.Figures;

/// <summary>Between plotly.js's own JSON, which figures are written in, and Plotly.NET's objects, which a notebook goes on to style.</summary>
internal static class PlotlyChart
{
    public static GenericChart Of(JsonArray traces, JsonObject layout)
    {
        var config = Fill(new Config(), new JsonObject { ["displaylogo"] = false });
        var data = traces.Select(trace => Fill(new Trace(trace!["type"]!.GetValue<string>()), trace.AsObject()));
        // Without Plotly.NET's defaults: its template alone is larger than most figures.
        return GenericChart.NewMultiChart(ListModule.OfSeq(data), Fill(new Layout(), layout), config, new DisplayOptions());
    }

    public static JsonObject ToJson(GenericChart chart)
    {
        var whole = JsonNode.Parse(GenericChart.toJson(chart))!.AsObject();
        return new JsonObject
        {
            ["data"] = whole["data"]!.DeepClone(), ["layout"] = whole["layout"]!.DeepClone(), ["config"] = whole["config"]?.DeepClone() ?? new JsonObject(),
        };
    }

    private static T Fill<T>(T target, JsonObject from)
        where T : DynamicObj.DynamicObj
    {
        foreach (var (name, value) in from)
            if (value is not null && !(name == "type" && target is Trace)) target.SetProperty(name, Value(value));
        return target;
    }

    private static object? Value(JsonNode? node) => node switch
    {
        null => null,
        JsonObject inner => Fill(new DynamicObj.DynamicObj(), inner),
        JsonArray array => array.Select(Value).ToArray(),
        _ => node.GetValueKind() switch
        {
            JsonValueKind.String => node.GetValue<string>(),
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => Number(node),
        },
    };

    // Newtonsoft writes a whole double as 1.0; figures have many whole numbers.
    private static object Number(JsonNode node)
    {
        var value = double.Parse(node.ToJsonString());
        return value == Math.Floor(value) && Math.Abs(value) < 1e15 ? (long)value : value;
    }
}
