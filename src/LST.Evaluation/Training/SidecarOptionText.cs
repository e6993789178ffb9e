using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LST.Core;
using LST.Core.Sidecar;

namespace LST.Evaluation.Training;

/// <summary>Options of a sidecar as they are typed: <c>key=value</c>, keys and values as the sidecar's file spells them.</summary>
public static class SidecarOptionText
{
    private static readonly HashSet<string> Fixed = ["version", "preset", "model", "ratios", "training"];

    /// <summary>The config with options changed.</summary>
    /// <exception cref="UsageException">An unknown key, or a value that does not fit.</exception>
    public static SidecarConfig Apply(SidecarConfig config, IReadOnlyList<string> options)
    {
        if (options.Count == 0) return config.Checked();
        var json = JsonNode.Parse(config.ToJson())!.AsObject();
        var known = typeof(SidecarConfig).GetProperties().Where(p => p.CanWrite && p.SetMethod is not null).Select(p => JsonNamingPolicy.SnakeCaseLower.ConvertName(p.Name)).Except(Fixed).ToList();
        foreach (var option in options)
        {
            var parts = option.Split('=', 2);
            var key = parts[0].Trim().ToLowerInvariant().Replace('-', '_');
            if (parts.Length != 2 || !known.Contains(key))
                throw new UsageException($"--sidecar-option '{option}': expected key=value with one of the keys {string.Join(", ", known.Select(k => k.Replace('_', '-')))}");
            try
            {
                json[key] = Value(key, parts[1].Trim());
            }
            catch (JsonException)
            {
                throw new UsageException($"--sidecar-option '{option}': a value that begins with [ is a JSON array of arrays of numbers, such as [[1,1],[0.5,1.5]]; this one cannot be read");
            }
        }
        try
        {
            return SidecarConfig.FromJson(json.ToJsonString(), "--sidecar-option");
        }
        catch (SidecarException error)
        {
            throw new UsageException($"--sidecar-option {string.Join(' ', options)}: {error.Message}");
        }
    }

    // Sinks and recents are expressions, written as text in the file even when they are numbers.
    private static JsonNode? Value(string key, string text) => key switch
    {
        "sinks" or "recent" => text,
        _ when text.StartsWith('[') => JsonNode.Parse(text),
        _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => whole,
        _ when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
        _ => text,
    };
}
