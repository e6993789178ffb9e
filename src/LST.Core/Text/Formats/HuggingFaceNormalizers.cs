using System.Text.Json;
using System.Text.RegularExpressions;

namespace LST.Core.Text.Formats;

/// <summary>The normalizers of <c>tokenizer.json</c>: Prepend, Replace, NFC and sequences of them.</summary>
internal static class HuggingFaceNormalizers
{
    private const string Known = "Sequence, Prepend, Replace, NFC";

    /// <exception cref="TokenizerException">A normalizer that is not done here.</exception>
    internal static IReadOnlyList<Func<string, string>> Read(JsonElement? normalizer, string source)
    {
        if (normalizer is not { } element) return [];
        switch (element.Text("type", source))
        {
            case "Sequence":
                return [.. (element.Array("normalizers", source)?.EnumerateArray() ?? default).SelectMany(inner => Read(inner, source))];
            case "Prepend":
                var prefix = element.Text("prepend", source) ?? "";
                return [text => text.Length == 0 ? text : prefix + text];
            case "Replace":
                return [Replacement(element, source)];
            case "NFC":
                return [text => CanonicalComposition.Normalize(text, source)];
            case var other:
                throw new TokenizerException($"{source}: the normalizers {Known} can be read, but it has '{Vocabulary.Shown(other ?? "")}'.");
        }
    }

    internal static Func<string, string> Replacement(JsonElement element, string source)
    {
        var content = element.Text("content", source) ?? "";
        var pattern = element.Object("pattern", source);
        if (pattern?.Text("String", source) is { Length: > 0 } literal) return text => text.Replace(literal, content, StringComparison.Ordinal);
        if (pattern?.Text("Regex", source) is not { Length: > 0 } expression)
            throw new TokenizerException($"{source}: Replace has a pattern of the kind String or Regex, but none was found.");
        try
        {
            var regex = new Regex(expression, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(20));
            return text => regex.Replace(text, content.Replace("$", "$$", StringComparison.Ordinal));
        }
        catch (ArgumentException error)
        {
            throw new TokenizerException($"{source}: the pattern '{Vocabulary.Shown(expression)}' uses what .NET's regular expressions lack: " +
                $"{error.Message}", error);
        }
    }
}
