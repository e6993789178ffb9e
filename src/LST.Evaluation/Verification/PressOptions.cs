using System.Globalization;
using System.Text;
using System.Text.Json;
using LST.Core.Compression;

namespace LST.Evaluation.Verification;

/// <summary>From the option names of the reference outputs to ours (the table in the conventions), by way of the command line's own parser.</summary>
internal static class PressOptions
{
    private static readonly Dictionary<string, string> Keys = new(StringComparer.Ordinal)
    {
        ["s"] = "sinks", ["R"] = "recent", ["w"] = "window", ["w_obs"] = "observe", ["n_heavy"] = "heavy", ["m"] = "targets", ["F"] = "future",
        ["GroupReduce"] = "group", ["GroupOrder"] = "group-order", ["Normalize"] = "normalize", ["KeepLast"] = "keep-last", ["PositionMode"] = "positions",
        ["BudgetMode"] = "budget", ["Grouping"] = "grouping", ["KeySpace"] = "key-space", ["LogMassBias"] = "log-mass", ["LogCountBias"] = "log-mass",
        ["Base"] = "base", ["Denominator"] = "denominator", ["Sampling"] = "sampling", ["Mode"] = "mode", ["Epsilon"] = "epsilon", ["Sigma"] = "sigma",
        ["MaxRun"] = "max-run", ["Selection"] = "selection", ["w_lower"] = "weight-min", ["w_upper"] = "weight-max", ["use_covariance"] = "covariance", ["use_vnorm"] = "value-norm",
    };

    private static readonly HashSet<string> Remarks = new(StringComparer.Ordinal)
    {
        "ratio", "start", "steps", "note", "leftover", "w_obs_asked", "step", "queries", "first_prompt_ids", "next_prompt_ids", "suffix_ids", "uniforms",
    };

    /// <summary>The registered method of a case's name (case and hyphens aside), or null.</summary>
    public static MethodEntry? Method(string name) => MethodRegistry.Entries.FirstOrDefault(entry => entry.Aliases.Append(entry.Name).Any(known => Plain(known) == Plain(name)));

    /// <summary>The method with the case's options; null and the reason when an option is not built.</summary>
    public static (MethodSpec? Spec, string? Missing) Read(MethodEntry entry, JsonElement options)
    {
        var text = new StringBuilder(entry.Name);
        var scorer = options.TryGetProperty("scorer", out var named) ? Method(named.GetString()!)?.Name : null;
        var known = entry.OptionsOver(scorer);
        foreach (var option in options.EnumerateObject())
        {
            if (Remarks.Contains(option.Name)) continue;
            var key = Keys.GetValueOrDefault(option.Name) ?? option.Name.Replace('_', '-');
            var value = option.Name == "scorer" ? scorer ?? Value(option.Value) : Value(option.Value);
            if (known.Any(o => o.Key == key)) text.Append(CultureInfo.InvariantCulture, $":{key}={value}");
            else if (!IsFixed(option.Name, value)) return (null, $"option {option.Name}={value} is not built");
        }
        return (MethodSpec.Parse(text.ToString()), null);
    }

    // What has one value with us.
    private static bool IsFixed(string name, string value) => name switch
    {
        "plus" or "cross_scoring" => value == "false",
        "s" => value == "0",
        "PositionMode" => value == "original",
        "std" => true,
        _ => false,
    };

    private static string Value(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => Text(value.GetString()!),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => value.GetRawText(),
    };

    private static string Text(string value)
    {
        var first = value.Split(',')[0].Trim();
        if (first == "PaperPreset") return "paper";
        if (first.StartsWith("Fixed(", StringComparison.Ordinal)) return first[6..^1];
        if (first.StartsWith("e^", StringComparison.Ordinal)) return Math.Exp(double.Parse(first[2..], CultureInfo.InvariantCulture)).ToString("R", CultureInfo.InvariantCulture);
        var kebab = new StringBuilder();
        for (var i = 0; i < first.Length; i++)
        {
            if (char.IsUpper(first[i]) && i > 0 && char.IsLower(first[i - 1])) kebab.Append('-');
            kebab.Append(char.ToLowerInvariant(first[i]));
        }
        return kebab.ToString();
    }

    private static string Plain(string name) => new([.. name.Where(char.IsAsciiLetterOrDigit).Select(char.ToLowerInvariant)]);
}
