using System.Buffers;
using System.Text;

namespace LST.Core.Text;

/// <summary>Small rules of UTF-16 and UTF-8 that several tokenizers need.</summary>
internal static class UnicodeRules
{
    /// <summary>Each half of a broken surrogate pair becomes U+FFFD, as it would on the way to UTF-8.</summary>
    internal static string WithoutLoneSurrogates(string text)
    {
        var rest = text.AsSpan();
        StringBuilder? repaired = null;
        while (rest.IndexOfAnyInRange('\uD800', '\uDFFF') is var surrogate and >= 0)
        {
            var isPair = surrogate + 1 < rest.Length && char.IsSurrogatePair(rest[surrogate], rest[surrogate + 1]);
            if (!isPair) repaired ??= new StringBuilder(text.Length).Append(text, 0, text.Length - rest.Length);
            repaired?.Append(rest[..surrogate]).Append(isPair ? rest.Slice(surrogate, 2) : "\uFFFD");
            rest = rest[(surrogate + (isPair ? 2 : 1))..];
        }
        return repaired?.Append(rest).ToString() ?? text;
    }

    /// <summary>Appends UTF-8 as text; every single invalid byte becomes one U+FFFD, as sentencepiece does it.</summary>
    internal static void AppendReplacingEachByte(StringBuilder text, ReadOnlySpan<byte> bytes)
    {
        Span<char> units = stackalloc char[2];
        while (!bytes.IsEmpty)
        {
            var valid = Rune.DecodeFromUtf8(bytes, out var rune, out var length) == OperationStatus.Done;
            if (!valid) (rune, length) = (Rune.ReplacementChar, 1);
            text.Append(units[..rune.EncodeToUtf16(units)]);
            bytes = bytes[length..];
        }
    }

    /// <summary>The code point that <paramref name="text"/> consists of, or null when it is not exactly one.</summary>
    internal static int? SingleCodePoint(ReadOnlySpan<char> text) =>
        text.Length is 1 or 2 && Rune.DecodeFromUtf16(text, out var rune, out var length) == OperationStatus.Done && length == text.Length
            ? rune.Value
            : null;
}
