using System.Globalization;
using LST.Core;
using LST.Core.Compression;

namespace LST.Evaluation.Perplexity.DocumentCompatible;

/// <summary>
/// What E3 sets for every method: 4 sinks and 8 recents wherever a method has such options, and n = 12 + ⌊(T − 12) / r⌋ slots (protected tokens are not
/// divided by r), so that the real ratio is below r. What protects by a rule of its own (SnapKV's window, the sidecar's config) keeps it.
/// </summary>
internal static class EqualProtection
{
    /// <summary>s.</summary>
    public const int Sinks = 4;

    /// <summary>R.</summary>
    public const int Recent = 8;

    /// <summary>n of T tokens at r:1; T itself at 1:1 and where nothing is left between sinks and recents.</summary>
    public static int Slots(Ratio ratio, int tokens) => tokens <= Sinks + Recent ? tokens : Sinks + Recent + ratio.Slots(tokens - Sinks - Recent);

    /// <summary>The ratio that a method is handed so that its ⌊T / r⌋ is n. A method that has the rule itself (<c>budget=middle</c>) gets r.</summary>
    public static Ratio Budget(MethodSpec method, Ratio ratio, int tokens) =>
        method.Options.Values.ContainsKey("budget") ? ratio : Ratio.Of(tokens, Slots(ratio, tokens));

    /// <summary>A method with the protection of E3, labelled by its variant.</summary>
    /// <exception cref="UsageException">It was typed with another protection.</exception>
    public static MethodSpec Of(MethodSpec method)
    {
        var values = method.Options.Values.ToDictionary();
        Force(method, values, "sinks", Sinks.ToString(CultureInfo.InvariantCulture));
        // Where recents are what the budget leaves, R = n − s is the method itself.
        if (!values.TryGetValue("base", out var policy) || policy != "streaming") Force(method, values, "recent", Recent.ToString(CultureInfo.InvariantCulture));
        Force(method, values, "budget", "middle");
        values["variant"] = "correct";
        return method with { Options = new MethodOptions(method.Name, values) };
    }

    private static void Force(MethodSpec method, Dictionary<string, string> values, string key, string value)
    {
        if (!values.ContainsKey(key)) return;
        var typed = method.Typed.Split(':').FirstOrDefault(part => part.StartsWith(key + "=", StringComparison.Ordinal));
        if (typed is not null && typed != $"{key}={value}")
            throw new UsageException($"method '{method.Typed}': protocol e3 sets {key}={value} for every method, found {typed}; leave the option out, or take --protocol e1");
        values[key] = value;
    }
}
