namespace LST.Core.Text;

/// <summary>GPT-2's spelling of bytes as printable characters, in which byte-level vocabularies are written: a space is <c>Ġ</c>.</summary>
public static class ByteAlphabet
{
    private static readonly char[] Characters = Enumerable.Range(0, 256).Select(CharacterOf).ToArray();
    private static readonly short[] Bytes = Invert();

    /// <summary>The character that spells a byte.</summary>
    internal static char Spell(byte value) => Characters[value];

    /// <summary>The spelling of a run of bytes.</summary>
    internal static string Spell(ReadOnlySpan<byte> bytes)
    {
        var spelled = new char[bytes.Length];
        for (var i = 0; i < bytes.Length; i++) spelled[i] = Characters[bytes[i]];
        return new string(spelled);
    }

    /// <summary>The bytes of a spelling, or null when a character spells none.</summary>
    public static byte[]? Read(ReadOnlySpan<char> spelled)
    {
        var bytes = new byte[spelled.Length];
        for (var i = 0; i < spelled.Length; i++)
        {
            if (spelled[i] >= Bytes.Length || Bytes[spelled[i]] < 0) return null;
            bytes[i] = (byte)Bytes[spelled[i]];
        }
        return bytes;
    }

    private static bool IsPrintable(int value) => value is (>= 33 and <= 126) or (>= 161 and <= 172) or (>= 174 and <= 255);

    // Printable Latin-1 characters stand for themselves, the other 68 bytes follow from U+0100 on in their order.
    private static char CharacterOf(int value) =>
        IsPrintable(value) ? (char)value : (char)(256 + Enumerable.Range(0, value).Count(earlier => !IsPrintable(earlier)));

    private static short[] Invert()
    {
        var bytes = new short[256 + 68];
        Array.Fill(bytes, (short)-1);
        for (var value = 0; value < 256; value++) bytes[Characters[value]] = (short)value;
        return bytes;
    }
}
