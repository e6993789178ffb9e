using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace LST.Core.Text.Formats;

/// <summary>Unicode normalisation form C, which the tokenizers of the Qwen2 family apply first.</summary>
internal static partial class CanonicalComposition
{
    private const int FormC = 1;
    private const string RuntimeShim = "libSystem.Globalization.Native";

    // In invariant globalization mode string.Normalize returns its input; the runtime's own door to ICU still opens when it is asked directly.
    private static readonly bool RuntimeNormalizes = "e\u0301".Normalize(NormalizationForm.FormC).Length == 1;
    private static readonly Lazy<bool> ShimNormalizes = new(LoadShim);

    /// <summary>The text in form C.</summary>
    /// <exception cref="TokenizerException">The text may need composing, and ICU is not installed.</exception>
    internal static string Normalize(string text, string source)
    {
        // Nothing below U+0300 composes with anything below U+0300.
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', '\u02FF')) return text;
        if (RuntimeNormalizes) return text.Normalize(NormalizationForm.FormC);
        if (ShimNormalizes.Value) return ByShim(text);
        foreach (var rune in text.EnumerateRunes())
            if (MayChange(rune))
                throw new TokenizerException($"{source}: this tokenizer composes Unicode (NFC), for which ICU has to be installed, but it was not " +
                    $"found and the text holds U+{rune.Value:X4}; install libicu.");
        return text;
    }

    private static string ByShim(string text)
    {
        // Composition can make a text longer, by a factor of three at most.
        var composed = new char[checked(3 * text.Length)];
        var length = NormalizeString(FormC, text, text.Length, composed, composed.Length);
        if (length < 0 || length > composed.Length) throw new TokenizerException("ICU could not compose the text; check that it is valid Unicode.");
        return new string(composed, 0, length);
    }

    private static bool LoadShim()
    {
        try
        {
            return LoadIcu() != 0;
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport(RuntimeShim, EntryPoint = "GlobalizationNative_LoadICU")]
    private static partial int LoadIcu();

    [LibraryImport(RuntimeShim, EntryPoint = "GlobalizationNative_NormalizeString", StringMarshalling = StringMarshalling.Utf16)]
    private static partial int NormalizeString(int form, string source, int sourceLength, [Out] char[] destination, int destinationLength);

    // Marks (but variation selectors), conjoining jamo, and the blocks that hold characters with a canonical singleton decomposition.
    private static bool MayChange(Rune rune) => rune.Value is not ((>= 0xFE00 and <= 0xFE0F) or (>= 0xE0100 and <= 0xE01EF)) &&
        (Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark ||
        rune.Value is (>= 0x340 and <= 0x387) or (>= 0x958 and <= 0x95F) or (>= 0x9DC and <= 0x9DF) or (>= 0xA33 and <= 0xA5E) or (>= 0xB5C and <= 0xB5D) or
            (>= 0xF43 and <= 0xFB9) or (>= 0x1100 and <= 0x11FF) or (>= 0x1F71 and <= 0x1FFD) or (>= 0x2000 and <= 0x2001) or (>= 0x2126 and <= 0x212B) or
            (>= 0x2329 and <= 0x232A) or 0x2ADC or (>= 0xF900 and <= 0xFB4E) or (>= 0x1D15E and <= 0x1D1C0) or (>= 0x2F800 and <= 0x2FA1D));
}
