using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using LST.Core.Text;

namespace LST.Core.Training.Data;

/// <summary>A digest of what a tokenizer does: the spelling of every id, and the ids of a probe text.</summary>
internal static class TokenizerFingerprint
{
    private const string Probe = "The 1,024 super-tokens don't fit: naïve café, 北京 \U0001F600.\n\n\tif (x != 0) { return y_1; }  Ångström's WINDOW…\r\n";

    /// <summary>Lower-case hex.</summary>
    public static string Of(ITokenizer tokenizer)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[4];
        for (var id = 0; id < tokenizer.VocabularySize; id++)
        {
            var spelling = Encoding.UTF8.GetBytes(tokenizer.TokenText(id));
            BinaryPrimitives.WriteInt32LittleEndian(length, spelling.Length);
            hash.AppendData(length);
            hash.AppendData(spelling);
        }
        hash.AppendData(MemoryMarshal.AsBytes(tokenizer.Encode(Probe).AsSpan()));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
