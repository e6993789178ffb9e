using System.Text.Json;
using System.Text.RegularExpressions;
using LST.Core.Text.Splitting;

namespace LST.Core.Text.Formats;

/// <summary>The pre-tokenizers of <c>tokenizer.json</c>: Split, Digits, ByteLevel, Metaspace and sequences of them.</summary>
internal sealed class HuggingFacePreTokenizer
{
    private const string Known = "Sequence, Split, Digits, ByteLevel, Metaspace";

    private readonly List<TextPattern> _patterns = [];

    internal bool IsByteLevel { get; private set; }

    internal bool AddsPrefixSpace { get; private set; }

    internal (char Mark, MetaspacePrefix Prefix, bool Splits)? Metaspace { get; private set; }

    internal TextSplitter Splitter => new(_patterns);

    /// <exception cref="TokenizerException">A pre-tokenizer, or a combination, that is not done here.</exception>
    internal static HuggingFacePreTokenizer Read(JsonElement? preTokenizer, string source)
    {
        var read = new HuggingFacePreTokenizer();
        if (preTokenizer is { } element) read.Add(element, source);
        if (!read.IsByteLevel && read._patterns.Count > 0)
            throw new TokenizerException($"{source}: split patterns can be read together with ByteLevel, but it has them without.");
        if (read.IsByteLevel && read.Metaspace is not null)
            throw new TokenizerException($"{source}: either ByteLevel or Metaspace can be read, but it has both.");
        return read;
    }

    private void Add(JsonElement element, string source)
    {
        if (IsByteLevel) throw new TokenizerException($"{source}: ByteLevel has to be the last pre-tokenizer, but another follows it.");
        switch (element.Text("type", source))
        {
            case "Sequence":
                foreach (var inner in element.Array("pretokenizers", source)?.EnumerateArray() ?? default) Add(inner, source);
                break;
            case "Split":
                _patterns.Add(Split(element, source));
                break;
            case "Digits":
                _patterns.Add(new TextPattern(TextPattern.Digit + (element.Flag("individual_digits", source) ? "" : "+")));
                break;
            case "ByteLevel":
                AddByteLevel(element, source);
                break;
            case "Metaspace":
                Metaspace = ReadMetaspace(element, source);
                break;
            case var other:
                throw new TokenizerException($"{source}: the pre-tokenizers {Known} can be read, but it has '{Vocabulary.Shown(other ?? "")}'.");
        }
    }

    private void AddByteLevel(JsonElement element, string source)
    {
        IsByteLevel = true;
        AddsPrefixSpace = element.Flag("add_prefix_space", source, otherwise: true);
        // A space would have to go in front of every part that the earlier patterns made.
        if (AddsPrefixSpace && _patterns.Count > 0)
            throw new TokenizerException($"{source}: ByteLevel with add_prefix_space can be read as the only pre-tokenizer, but others stand before it.");
        if (element.Flag("use_regex", source, otherwise: true)) _patterns.Add(new TextPattern(TextPattern.Gpt2));
    }

    private static TextPattern Split(JsonElement element, string source)
    {
        var pattern = element.Object("pattern", source);
        var expression = pattern?.Text("Regex", source) ?? (pattern?.Text("String", source) is { } literal ? Regex.Escape(literal) : "");
        var inverted = element.Flag("invert", source);
        return new TextPattern(expression, element.Text("behavior", source) switch
        {
            "Isolated" => SplitBehavior.Isolated,
            "Removed" => inverted ? SplitBehavior.MatchesOnly : SplitBehavior.GapsOnly,
            var other => throw new TokenizerException($"{source}: Split with the behaviour Isolated or Removed can be read, but it has " +
                $"'{Vocabulary.Shown(other ?? "")}'."),
        });
    }

    internal static (char Mark, MetaspacePrefix Prefix, bool Splits) ReadMetaspace(JsonElement element, string source)
    {
        if (element.Text("replacement", source) is not { Length: 1 } mark)
            throw new TokenizerException($"{source}: Metaspace has a replacement of one character, but another was found.");
        var prefix = element.Text("prepend_scheme", source) switch
        {
            "always" => MetaspacePrefix.Always,
            "first" => MetaspacePrefix.First,
            "never" => MetaspacePrefix.Never,
            null => element.Flag("add_prefix_space", source, otherwise: true) ? MetaspacePrefix.Always : MetaspacePrefix.Never,
            var other => throw new TokenizerException($"{source}: prepend_scheme is always, first or never, but '{Vocabulary.Shown(other)}' was found."),
        };
        return (mark[0], prefix, element.Flag("split", source, otherwise: true));
    }
}
