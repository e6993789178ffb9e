using System.Buffers.Binary;
using System.Text;

namespace LST.Core.Models.Checkpoints;

/// <summary>What a piece is, by the numbers of the SentencePiece format.</summary>
internal enum SentencePieceKind
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    Byte = 6,
}

/// <summary>One piece of a SentencePiece vocabulary; its id is its place.</summary>
internal sealed record SentencePiece(string Text, float Score, SentencePieceKind Kind);

/// <summary>
/// Writes a SentencePiece model (protocol buffers) of type BPE as Llama has it: byte fallback where the 256 byte pieces are there,
/// a dummy prefix, no normalisation, unknown 0, begin 1, end 2, no padding.
/// </summary>
internal static class SentencePieceModel
{
    private const int Pieces = 1, Trainer = 2, Normalizer = 3;
    private const int BytePairs = 2;

    public static byte[] ToBytes(IReadOnlyList<SentencePiece> pieces)
    {
        var model = new Message();
        foreach (var piece in pieces)
        {
            var entry = new Message().Text(1, piece.Text).Float(2, piece.Score);
            // Normal is the default and is left out, as the library does it.
            if (piece.Kind != SentencePieceKind.Normal) entry.Number(3, (int)piece.Kind);
            model.Child(Pieces, entry);
        }
        var fallback = pieces.Count(piece => piece.Kind == SentencePieceKind.Byte) == 256;
        model.Child(Trainer, new Message()
            .Number(3, BytePairs).Number(4, pieces.Count).Number(35, fallback ? 1 : 0)
            .Number(40, 0).Number(41, 1).Number(42, 2).Number(43, -1)
            .Text(45, pieces[0].Text).Text(46, pieces[1].Text).Text(47, pieces[2].Text));
        model.Child(Normalizer, new Message().Text(1, "identity").Number(3, 1).Number(4, 0).Number(5, 1));
        return model.ToArray();
    }

    /// <summary>The few wire forms of protocol buffers that are needed.</summary>
    private sealed class Message
    {
        private const int VariableNumber = 0, Bytes = 2, FourBytes = 5;
        private readonly MemoryStream _stream = new();

        public Message Number(int field, long value)
        {
            Variable((ulong)(field << 3 | VariableNumber));
            Variable((ulong)value);
            return this;
        }

        public Message Text(int field, string text) => Block(field, Encoding.UTF8.GetBytes(text));

        public Message Child(int field, Message child) => Block(field, child.ToArray());

        public Message Float(int field, float value)
        {
            Variable((ulong)(field << 3 | FourBytes));
            Span<byte> bytes = stackalloc byte[4];
            BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
            _stream.Write(bytes);
            return this;
        }

        public byte[] ToArray() => _stream.ToArray();

        private Message Block(int field, byte[] bytes)
        {
            Variable((ulong)(field << 3 | Bytes));
            Variable((ulong)bytes.Length);
            _stream.Write(bytes);
            return this;
        }

        private void Variable(ulong value)
        {
            for (; value >= 0x80; value >>= 7) _stream.WriteByte((byte)(value | 0x80));
            _stream.WriteByte((byte)value);
        }
    }
}
