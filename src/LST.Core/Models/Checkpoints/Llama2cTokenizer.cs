using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace LST.Core.Models.Checkpoints;

/// <summary>The vocabulary file of llama2.c: int32 longest piece, then for each id an fp32 score, an int32 length and the bytes.</summary>
internal static class Llama2cTokenizer
{
    private const int MaximumPieceBytes = 1 << 16;
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads the pieces in the spelling of SentencePiece: ▁ for a space, plain <c>&lt;s&gt;</c> and <c>&lt;/s&gt;</c>.</summary>
    /// <exception cref="ModelFileException">The file is malformed or has another number of pieces.</exception>
    public static IReadOnlyList<SentencePiece> Read(string path, int vocabularySize)
    {
        using var file = MappedFile.Open(System.IO.Path.GetFullPath(path));
        if (file.Length > int.MaxValue) throw Broken(file, $"it may have at most {int.MaxValue} bytes; it has {file.Length}");
        var bytes = file.Span(0, (int)file.Length);
        if (bytes.Length < 4) throw Broken(file, $"it must begin with the length of the longest piece, 4 bytes; the file has {bytes.Length}");
        bytes = bytes[4..];
        var pieces = new List<SentencePiece>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        while (pieces.Count < vocabularySize)
        {
            var piece = ReadPiece(file, ref bytes, pieces.Count, vocabularySize);
            if (!known.Add(piece.Text)) throw Broken(file, $"pieces must be unique; id {pieces.Count} repeats {Shown.Quote(piece.Text)}");
            pieces.Add(piece);
        }
        if (!bytes.IsEmpty) throw Broken(file, $"it must hold the {vocabularySize} pieces of the model and nothing else; {bytes.Length} bytes are left over");
        return pieces;
    }

    private static SentencePiece ReadPiece(MappedFile file, ref ReadOnlySpan<byte> bytes, int id, int vocabularySize)
    {
        if (bytes.Length < 8) throw Broken(file, $"it must hold the {vocabularySize} pieces of the model; it ends at id {id}");
        var score = BinaryPrimitives.ReadSingleLittleEndian(bytes);
        var length = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        if (!float.IsFinite(score)) throw Broken(file, $"scores must be finite; id {id} has {score.ToString(CultureInfo.InvariantCulture)}");
        if (length is < 1 or > MaximumPieceBytes || length > bytes.Length - 8)
            throw Broken(file, $"pieces must have 1 to {MaximumPieceBytes} bytes inside the file; id {id} claims {length} of {bytes.Length - 8}");
        try
        {
            var text = StrictUtf8.GetString(bytes.Slice(8, length));
            bytes = bytes[(8 + length)..];
            return Spell(file, id, text, score);
        }
        catch (DecoderFallbackException error)
        {
            throw Broken(file, $"pieces must be UTF-8; id {id} is not", error);
        }
    }

    private static SentencePiece Spell(MappedFile file, int id, string text, float score)
    {
        switch (id)
        {
            case 0: return new SentencePiece(text, score, SentencePieceKind.Unknown);
            // The exporter writes these two with line breaks around them, for display.
            case 1 when text.Trim('\n') == "<s>": return new SentencePiece("<s>", score, SentencePieceKind.Control);
            case 2 when text.Trim('\n') == "</s>": return new SentencePiece("</s>", score, SentencePieceKind.Control);
            case 1 or 2: throw Broken(file, $"ids 1 and 2 must be <s> and </s>; id {id} is {Shown.Quote(text)}");
        }
        return id - 3 <= byte.MaxValue && text == $"<0x{id - 3:X2}>"
            ? new SentencePiece(text, score, SentencePieceKind.Byte)
            : new SentencePiece(text.Replace(' ', '\u2581'), score, SentencePieceKind.Normal);
    }

    private static ModelFileException Broken(MappedFile file, string rule, Exception? inner = null) =>
        new($"{file.Path} is not a valid llama2.c vocabulary: {rule}; take the vocabulary that belongs to the checkpoint.", inner);
}
