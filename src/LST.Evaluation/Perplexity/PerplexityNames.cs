using System.Globalization;
using System.Text.Json.Nodes;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Evaluation.Perplexity;

/// <summary>How records spell settings.</summary>
public static class PerplexityNames
{
    /// <summary><c>float32</c>, <c>bfloat16</c> or <c>float16</c>.</summary>
    public static string Dtype(ScalarType dtype) => PerplexitySettings.DtypeName(dtype);

    /// <summary>Resolved options of a method: numbers and flags as such, expressions and names as text, and what the method adds of its own.</summary>
    public static JsonObject Json(MethodOptions options, JsonObject? details = null)
    {
        var result = new JsonObject();
        foreach (var (key, value) in options.Values)
            result[key] = value switch
            {
                "true" => true,
                "false" => false,
                "" => null,
                _ when double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
                _ => value,
            };
        foreach (var (key, value) in details ?? []) result[key] = value?.DeepClone();
        return result;
    }

    /// <summary>Resolved settings of a run.</summary>
    public static JsonObject Json(PerplexitySettings settings, int prefix) => new JsonObject
    {
        ["protocol"] = settings.Protocol,
        ["prefix"] = settings.Protocol == "e3" ? null : prefix,
        ["suffix"] = settings.Protocol == "e1" ? settings.Suffix : null,
        ["chunks"] = settings.Chunks,
        ["methods"] = new JsonArray([.. settings.Methods.Select(m => JsonValue.Create(m.Typed))]),
        ["ratios"] = new JsonArray([.. settings.Ratios.Select(r => JsonValue.Create(r.Value))]),
        ["equal"] = settings.Equal == EqualBasis.Slots ? "slots" : "bytes",
    }.With(settings);

    // What only streams have.
    private static JsonObject With(this JsonObject options, PerplexitySettings settings)
    {
        if (settings.Protocol != "e2") return options;
        options["step"] = settings.Step;
        if (settings.StreamSlots.Count == 0) return options;
        options["ratios"] = null;
        options["slots"] = new JsonArray([.. settings.StreamSlots.Select(slots => JsonValue.Create(slots))]);
        return options;
    }
}
