using System.Text;

namespace LST.Core.Text;

/// <summary>What a piece of a SentencePiece vocabulary is; the numbers are those of its files and of GGUF.</summary>
internal enum PieceType
{
    /// <summary>Comes out of ordinary text.</summary>
    Normal = 1,

    /// <summary>Stands for what no other piece can carry.</summary>
    Unknown = 2,

    /// <summary>BOS, EOS and the like; no text.</summary>
    Control = 3,

    /// <summary>Cut out of the text before anything else.</summary>
    UserDefined = 4,

    /// <summary>A free place.</summary>
    Unused = 5,

    /// <summary>One byte, spelled <c>&lt;0xNN&gt;</c>.</summary>
    Byte = 6,
}

/// <summary>
/// sentencepiece's decoding: marks become spaces and the first is dropped, control pieces vanish, runs of byte pieces are UTF-8
/// with one U+FFFD for every invalid byte.
/// </summary>
internal sealed class SentencePieceDecoder : ITokenDecoder
{
    private readonly string[] _texts;
    private readonly PieceType[] _types;
    private readonly byte[] _bytes;
    private readonly bool _dropsFirstSpace;

    /// <param name="pieces">Text and type of each id.</param>
    /// <param name="unknownSurface">What the unknown piece prints.</param>
    /// <param name="dropsFirstSpace">The encoder puts a mark in front, so decoding takes one away.</param>
    internal SentencePieceDecoder(IReadOnlyList<(string Text, PieceType Type)> pieces, string unknownSurface, bool dropsFirstSpace)
    {
        _types = [.. pieces.Select(p => p.Type)];
        _texts = [.. pieces.Select(p => p.Type switch
        {
            PieceType.Control => "",
            PieceType.Unknown => unknownSurface,
            _ => p.Text.Replace(CharacterModel.Space, ' '),
        })];
        _bytes = [.. pieces.Select(p => p.Type == PieceType.Byte ? ByteOf(p.Text) ?? 0 : (byte)0)];
        _dropsFirstSpace = dropsFirstSpace;
    }

    /// <summary>The byte that <c>&lt;0xNN&gt;</c> spells, or null.</summary>
    internal static byte? ByteOf(string text) =>
        text.Length == 6 && text.StartsWith("<0x", StringComparison.Ordinal) && text[5] == '>' &&
        byte.TryParse(text.AsSpan(3, 2), System.Globalization.NumberStyles.AllowHexSpecifier, null, out var value)
            ? value
            : null;

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> ids, Func<int, bool> isLeftOut)
    {
        var text = new StringBuilder(ids.Length * 4);
        var run = new List<byte>();
        var spaceDropped = !_dropsFirstSpace;
        foreach (var id in ids)
        {
            if (isLeftOut(id)) continue;
            if (_types[id] == PieceType.Byte)
            {
                run.Add(_bytes[id]);
                continue;
            }
            Flush(run, text);
            var piece = _texts[id];
            // The mark is dropped from the first piece that prints anything, and from no later one.
            var drops = !spaceDropped && text.Length == 0 && _types[id] != PieceType.Unknown && piece.StartsWith(' ');
            spaceDropped |= drops;
            text.Append(drops ? piece.AsSpan(1) : piece);
        }
        Flush(run, text);
        return text.ToString();
    }

    private static void Flush(List<byte> run, StringBuilder text)
    {
        if (run.Count == 0) return;
        UnicodeRules.AppendReplacingEachByte(text, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(run));
        run.Clear();
    }
}
