using System.Text;

namespace LST.Evaluation.PythonText;

/// <summary>Unicode's full title case of single code points, which .NET does not have.</summary>
internal static class TitleCase
{
    // Those of more than one code point.
    private static readonly Dictionary<int, string> Long = new()
    {
        [0xdf] = "Ss", [0x149] = "\u02bcN", [0x1f0] = "J\u030c", [0x390] = "\u0399\u0308\u0301", [0x3b0] = "\u03a5\u0308\u0301",
        [0x587] = "\u0535\u0582", [0x1e96] = "H\u0331", [0x1e97] = "T\u0308", [0x1e98] = "W\u030a", [0x1e99] = "Y\u030a",
        [0x1e9a] = "A\u02be", [0x1f50] = "\u03a5\u0313", [0x1f52] = "\u03a5\u0313\u0300", [0x1f54] = "\u03a5\u0313\u0301", [0x1f56] = "\u03a5\u0313\u0342",
        [0x1fb2] = "\u1fba\u0345", [0x1fb4] = "\u0386\u0345", [0x1fb6] = "\u0391\u0342", [0x1fb7] = "\u0391\u0342\u0345", [0x1fc2] = "\u1fca\u0345",
        [0x1fc4] = "\u0389\u0345", [0x1fc6] = "\u0397\u0342", [0x1fc7] = "\u0397\u0342\u0345", [0x1fd2] = "\u0399\u0308\u0300", [0x1fd3] = "\u0399\u0308\u0301",
        [0x1fd6] = "\u0399\u0342", [0x1fd7] = "\u0399\u0308\u0342", [0x1fe2] = "\u03a5\u0308\u0300", [0x1fe3] = "\u03a5\u0308\u0301", [0x1fe4] = "\u03a1\u0313",
        [0x1fe6] = "\u03a5\u0342", [0x1fe7] = "\u03a5\u0308\u0342", [0x1ff2] = "\u1ffa\u0345", [0x1ff4] = "\u038f\u0345", [0x1ff6] = "\u03a9\u0342",
        [0x1ff7] = "\u03a9\u0342\u0345", [0xfb00] = "Ff", [0xfb01] = "Fi", [0xfb02] = "Fl", [0xfb03] = "Ffi",
        [0xfb04] = "Ffl", [0xfb05] = "St", [0xfb06] = "St", [0xfb13] = "\u0544\u0576", [0xfb14] = "\u0544\u0565",
        [0xfb15] = "\u0544\u056b", [0xfb16] = "\u054e\u0576", [0xfb17] = "\u0544\u056d",
    };

    /// <summary>The title case of a code point.</summary>
    public static string Of(Rune rune) => Long.TryGetValue(rune.Value, out var text) ? text : rune.Value switch
    {
        0x131 => "I",
        0x17f => "S",
        0x1c4 or 0x1c5 or 0x1c6 => "\u01c5",
        0x1c7 or 0x1c8 or 0x1c9 => "\u01c8",
        0x1ca or 0x1cb or 0x1cc => "\u01cb",
        0x1f1 or 0x1f2 or 0x1f3 => "\u01f2",
        // Georgian has capitals for whole words only.
        >= 0x10d0 and <= 0x10ff => rune.ToString(),
        _ => Rune.ToUpperInvariant(rune).ToString(),
    };
}
