using System.Buffers;
using System.Text;

namespace LST.Core.Text;

/// <summary>Joins the bytes of tokens, then reads them as UTF-8 with one U+FFFD for each maximal invalid part.</summary>
internal sealed class ByteLevelDecoder : ITokenDecoder
{
    private readonly byte[] _bytes;
    private readonly int[] _ends;

    /// <param name="vocabulary">Tokens in the byte alphabet.</param>
    /// <param name="isLiteral">Ids whose spelling is plain text.</param>
    internal ByteLevelDecoder(Vocabulary vocabulary, Func<int, bool> isLiteral)
    {
        var bytes = new ArrayBufferWriter<byte>();
        _ends = new int[vocabulary.Size];
        for (var id = 0; id < vocabulary.Size; id++)
        {
            var spelling = vocabulary.TokenText(id);
            bytes.Write((isLiteral(id) ? null : ByteAlphabet.Read(spelling)) ?? Encoding.UTF8.GetBytes(spelling));
            _ends[id] = bytes.WrittenCount;
        }
        _bytes = bytes.WrittenSpan.ToArray();
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> ids, Func<int, bool> isLeftOut)
    {
        var joined = new ArrayBufferWriter<byte>(ids.Length * 6 + 16);
        foreach (var id in ids)
        {
            if (isLeftOut(id)) continue;
            var start = id == 0 ? 0 : _ends[id - 1];
            joined.Write(_bytes.AsSpan(start, _ends[id] - start));
        }
        return Encoding.UTF8.GetString(joined.WrittenSpan);
    }
}
