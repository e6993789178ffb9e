using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace LST.Core.Text.Formats;

/// <summary>The decoders of <c>tokenizer.json</c> for character models: Replace, ByteFallback, Fuse, Strip, Metaspace and sequences of them.</summary>
internal sealed class HuggingFaceDecoder : ITokenDecoder
{
    private const string Known = "Sequence, Replace, ByteFallback, Fuse, Strip, Metaspace";

    private readonly List<Func<List<string>, List<string>>> _steps = [];
    private readonly Vocabulary _vocabulary;

    private HuggingFaceDecoder(Vocabulary vocabulary) => _vocabulary = vocabulary;

    /// <exception cref="TokenizerException">A decoder that is not done here.</exception>
    internal static HuggingFaceDecoder Read(JsonElement? decoder, string source, Vocabulary vocabulary)
    {
        var read = new HuggingFaceDecoder(vocabulary);
        if (decoder is { } element) read.Add(element, source);
        return read;
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> ids, Func<int, bool> isLeftOut)
    {
        var tokens = new List<string>(ids.Length);
        foreach (var id in ids)
            if (!isLeftOut(id)) tokens.Add(_vocabulary.TokenText(id));
        return string.Concat(_steps.Aggregate(tokens, (current, step) => step(current)));
    }

    private void Add(JsonElement element, string source)
    {
        switch (element.Text("type", source))
        {
            case "Sequence":
                foreach (var inner in element.Array("decoders", source)?.EnumerateArray() ?? default) Add(inner, source);
                break;
            case "Replace":
                var replace = HuggingFaceNormalizers.Replacement(element, source);
                _steps.Add(tokens => tokens.ConvertAll(t => replace(t)));
                break;
            case "ByteFallback":
                _steps.Add(JoinBytes);
                break;
            case "Fuse":
                _steps.Add(tokens => [string.Concat(tokens)]);
                break;
            case "Strip":
                var (content, start, stop) = (element.Text("content", source) ?? "", Count(element, "start", source), Count(element, "stop", source));
                if (content.Length != 1) throw new TokenizerException($"{source}: Strip has a content of one character, but " +
                    $"'{Vocabulary.Shown(content)}' was found.");
                _steps.Add(tokens => tokens.ConvertAll(t => Strip(t, content[0], start, stop)));
                break;
            case "Metaspace":
                var (mark, prefix, _) = HuggingFacePreTokenizer.ReadMetaspace(element, source);
                var dropsFirst = prefix != MetaspacePrefix.Never;
                _steps.Add(tokens => [.. tokens.Select((t, i) => i == 0 && dropsFirst ? t.Replace(mark.ToString(), "") : t.Replace(mark, ' '))]);
                break;
            case var other:
                throw new TokenizerException($"{source}: the decoders {Known} can be read, but it has '{Vocabulary.Shown(other ?? "")}'.");
        }
    }

    private static int Count(JsonElement element, string name, string source) => element.Field(name)?.Id($"'{name}' of Strip", source) ?? 0;

    // A run of byte tokens is text if all of it is UTF-8, else one U+FFFD for every byte.
    private static List<string> JoinBytes(List<string> tokens)
    {
        var joined = new List<string>(tokens.Count);
        var run = new List<byte>();
        foreach (var token in tokens)
        {
            if (SentencePieceDecoder.ByteOf(token) is { } value)
            {
                run.Add(value);
                continue;
            }
            Flush(run, joined);
            joined.Add(token);
        }
        Flush(run, joined);
        return joined;
    }

    private static void Flush(List<byte> run, List<string> joined)
    {
        if (run.Count == 0) return;
        var bytes = CollectionsMarshal.AsSpan(run);
        joined.Add(System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : new string('\uFFFD', run.Count));
        run.Clear();
    }

    private static string Strip(string text, char content, int start, int stop)
    {
        var (from, to) = (0, text.Length);
        while (from < to && from < start && text[from] == content) from++;
        while (to > from && text.Length - to < stop && text[to - 1] == content) to--;
        return text[from..to];
    }
}
