using System.Globalization;
using System.Text;

namespace LST.Core.Text.Formats;

/// <summary>Unicode normalisation form C, which the tokenizers of the Qwen2 family apply first.</summary>
internal static class CanonicalComposition
{
    // In invariant globalization mode the runtime has no Unicode tables and string.Normalize returns its input.
    private static readonly bool RuntimeNormalizes = "e\u0301".Normalize(NormalizationForm.FormC).Length == 1;

    /// <summary>The text in form C.</summary>
    /// <exception cref="TokenizerException">The text may need composing and the runtime has no tables for it.</exception>
    internal static string Normalize(string text, string source)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', '\u02FF')) return text;
        if (RuntimeNormalizes) return text.Normalize(NormalizationForm.FormC);
        foreach (var rune in text.EnumerateRunes())
            if (MayChange(rune))
                throw new TokenizerException($"{source}: this tokenizer composes Unicode (NFC), which needs ICU, but the program runs in invariant mode and the text holds U+{rune.Value:X4}; give the text in form C without such characters, or use the model's GGUF file.");
        return text;
    }

    // Marks, conjoining jamo and the blocks that hold characters with a canonical singleton decomposition.
    private static bool MayChange(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark ||
        rune.Value is (>= 0x340 and <= 0x387) or (>= 0x958 and <= 0x95F) or (>= 0x9DC and <= 0x9DF) or (>= 0xA33 and <= 0xA5E) or (>= 0xB5C and <= 0xB5D) or
            (>= 0xF43 and <= 0xFB9) or (>= 0x1100 and <= 0x11FF) or (>= 0x1F71 and <= 0x1FFD) or (>= 0x2000 and <= 0x2001) or (>= 0x2126 and <= 0x212B) or
            (>= 0x2329 and <= 0x232A) or 0x2ADC or (>= 0xF900 and <= 0xFB4E) or (>= 0x1D15E and <= 0x1D1C0) or (>= 0x2F800 and <= 0x2FA1D);
}
