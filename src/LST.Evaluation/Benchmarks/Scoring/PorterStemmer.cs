using LST.Evaluation.PythonText;

namespace LST.Evaluation.Benchmarks.Scoring;

/// <summary>
/// Stems of English words (M. F. Porter, "An algorithm for suffix stripping", 1980) with the extensions that NLTK's stemmer has by default: some irregular words, <c>dies</c> → <c>die</c>,
/// <c>y</c> → <c>i</c> behind every consonant that is not the first letter, <c>-fulli</c>, <c>-logi</c>, <c>-alli</c> before the other suffixes, an <c>e</c> kept in words such as <c>use</c>.
/// </summary>
public static class PorterStemmer
{
    private static readonly Dictionary<string, string> Irregular = new(StringComparer.Ordinal)
    {
        ["sky"] = "sky", ["skies"] = "sky", ["dying"] = "die", ["lying"] = "lie", ["tying"] = "tie", ["news"] = "news", ["innings"] = "inning", ["inning"] = "inning",
        ["outings"] = "outing", ["outing"] = "outing", ["cannings"] = "canning", ["canning"] = "canning", ["howe"] = "howe", ["proceed"] = "proceed", ["exceed"] = "exceed", ["succeed"] = "succeed",
    };

    // The first suffix that a word ends with decides, even where its condition then fails.
    private static readonly (string Suffix, string Replacement)[] Step2Rules =
    [
        ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("bli", "ble"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"),
        ("ization", "ize"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"),
        ("fulli", "ful"),
    ];

    private static readonly (string Suffix, string Replacement)[] Step3Rules = [("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", "")];

    private static readonly string[] Step4Suffixes =
        ["al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize"];

    /// <summary>The stem of a word, in lower case.</summary>
    public static string Stem(string word)
    {
        if (Irregular.TryGetValue(word, out var stem)) return stem;
        var lower = PyText.Lower(word);
        return PyText.Length(word) <= 2 ? lower : Step5(Step4(Step3(Step2(Step1C(Step1B(Step1A(lower)))))));
    }

    // Plurals.
    private static string Step1A(string word)
    {
        if (Ends(word, "ies")) return word.Length == 4 ? word[..^1] : word[..^2];
        if (Ends(word, "sses")) return word[..^2];
        return Ends(word, "s") && !Ends(word, "ss") ? word[..^1] : word;
    }

    // -ed and -ing.
    private static string Step1B(string word)
    {
        if (Ends(word, "ied")) return word.Length == 4 ? word[..^1] : word[..^2];
        if (Ends(word, "eed")) return Measure(word[..^3]) > 0 ? word[..^1] : word;
        var stem = Ends(word, "ed") ? word[..^2] : Ends(word, "ing") ? word[..^3] : null;
        if (stem is null || !HasVowel(stem)) return word;
        if (Ends(stem, "at") || Ends(stem, "bl") || Ends(stem, "iz")) return stem + "e";
        if (stem.Length >= 2 && stem[^1] == stem[^2] && IsConsonant(stem, stem.Length - 1)) return stem[^1] is 'l' or 's' or 'z' ? stem : stem[..^1];
        return Measure(stem) == 1 && EndsShort(stem) ? stem + "e" : stem;
    }

    private static string Step1C(string word) => word.Length > 2 && word[^1] == 'y' && IsConsonant(word, word.Length - 2) ? word[..^1] + "i" : word;

    private static string Step2(string word)
    {
        while (Ends(word, "alli") && Measure(word[..^4]) > 0) word = word[..^2];
        foreach (var (suffix, replacement) in Step2Rules)
            if (Ends(word, suffix)) return Replaced(word, suffix, replacement);
        // The l belongs to the stem here, so that short ones as in geology count.
        return Ends(word, "logi") && Measure(word[..^3]) > 0 ? word[..^1] : word;
    }

    private static string Step3(string word)
    {
        foreach (var (suffix, replacement) in Step3Rules)
            if (Ends(word, suffix)) return Replaced(word, suffix, replacement);
        return word;
    }

    private static string Step4(string word)
    {
        foreach (var suffix in Step4Suffixes)
        {
            if (!Ends(word, suffix)) continue;
            var stem = word[..^suffix.Length];
            return Measure(stem) > 1 && (suffix != "ion" || stem[^1] is 's' or 't') ? stem : word;
        }
        return word;
    }

    // A final e, then a double l.
    private static string Step5(string word)
    {
        if (Ends(word, "e") && word[..^1] is var stem && (Measure(stem) > 1 || (Measure(stem) == 1 && !EndsShort(stem)))) word = stem;
        return Ends(word, "ll") && Measure(word[..^1]) > 1 ? word[..^1] : word;
    }

    private static string Replaced(string word, string suffix, string replacement)
    {
        var stem = word[..^suffix.Length];
        return Measure(stem) > 0 ? stem + replacement : word;
    }

    private static bool Ends(string word, string suffix) => word.EndsWith(suffix, StringComparison.Ordinal);

    // A y is a vowel behind a consonant: in a run of them every second one.
    private static bool IsConsonant(string word, int i)
    {
        var first = i;
        while (first > 0 && word[first] == 'y') first--;
        var isConsonant = word[first] is not ('a' or 'e' or 'i' or 'o' or 'u');
        return (i - first) % 2 == 0 ? isConsonant : !isConsonant;
    }

    // m of [C](VC)^m[V].
    private static int Measure(string stem)
    {
        var (count, afterVowel) = (0, false);
        for (var i = 0; i < stem.Length; i++)
        {
            var isConsonant = IsConsonant(stem, i);
            if (isConsonant && afterVowel) count++;
            afterVowel = !isConsonant;
        }
        return count;
    }

    private static bool HasVowel(string stem)
    {
        for (var i = 0; i < stem.Length; i++)
            if (!IsConsonant(stem, i)) return true;
        return false;
    }

    // Consonant, vowel, consonant other than w, x, y; or a word of vowel and consonant.
    private static bool EndsShort(string word)
    {
        var last = word.Length - 1;
        if (last < 1 || !IsConsonant(word, last) || IsConsonant(word, last - 1)) return false;
        return last == 1 || (IsConsonant(word, last - 2) && word[last] is not ('w' or 'x' or 'y'));
    }
}
