using System.Text;
using LST.Core.Text;

namespace LST.Evaluation.Analysis;

/// <summary>
/// Text of single tokens, for labels: what a token adds to a text that it stands in. Tokens without text (BOS) are shown by their names, parts of a character by their bytes:
/// <c>⟨e2 82⟩</c>.
/// </summary>
/// <param name="tokenizer">The model's.</param>
public sealed class TokenLabels(ITokenizer tokenizer)
{
    // Decoding drops a space in front of a text: a letter stands before each token, and is taken away again.
    private readonly int[] anchor = tokenizer.Encode("a");
    private readonly Dictionary<int, string> known = [];

    /// <summary>The label of each id.</summary>
    public IReadOnlyList<string> Of(IReadOnlyList<int> ids) => [.. ids.Select(Of)];

    /// <summary>The label of one id.</summary>
    public string Of(int id)
    {
        if (known.TryGetValue(id, out var label)) return label;
        var text = tokenizer.Decode([.. anchor, id])[tokenizer.Decode(anchor).Length..];
        var name = tokenizer.TokenText(id);
        if (text.Length == 0) text = name;
        else if (text.Contains('\uFFFD') && Bytes(name) is { } bytes && !IsWhole(bytes)) text = $"⟨{string.Join(' ', bytes.Select(value => value.ToString("x2")))}⟩";
        return known[id] = text;
    }

    // Byte pieces of SentencePiece are spelled <0xNN>; byte-level vocabularies spell every byte as a character.
    private static byte[]? Bytes(string name) =>
        name is ['<', '0', 'x', _, _, '>'] ? Convert.FromHexString(name.AsSpan(3, 2)) : ByteAlphabet.Read(name);

    private static bool IsWhole(byte[] bytes)
    {
        try
        {
            _ = Strict.GetString(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
