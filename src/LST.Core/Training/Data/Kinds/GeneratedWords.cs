using System.Globalization;

namespace LST.Core.Training.Data.Kinds;

/// <summary>Keys and values of generated text.</summary>
internal static class GeneratedWords
{
    private static readonly Lazy<IReadOnlyList<string>> LoadedAllWords =
        new(() => [.. WordLists.Nouns.Concat(WordLists.Adjectives).Concat(WordLists.Verbs).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);

    /// <summary>Nouns, adjectives and verbs, each once.</summary>
    public static IReadOnlyList<string> AllWords => LoadedAllWords.Value;

    /// <summary><c>adjective-noun</c>.</summary>
    public static string Pair(SplittableRandom random) => $"{random.Choose(WordLists.Adjectives)}-{random.Choose(WordLists.Nouns)}";

    /// <summary>A number of 5 to 7 digits, every number equally likely, as in the examination: nine in ten have 7.</summary>
    public static string Number(SplittableRandom random) => Decimal(random, 10_000, 9_999_999);

    /// <summary>A number from <paramref name="low"/> to <paramref name="high"/>.</summary>
    public static string Decimal(SplittableRandom random, int low, int high) => random.Between(low, high).ToString(CultureInfo.InvariantCulture);

    /// <summary>A random identifier, 8-4-4-4-12 hexadecimal digits, version 4.</summary>
    public static string Identifier(SplittableRandom random)
    {
        var high = (random.NextBits() & 0xFFFFFFFFFFFF0FFF) | 0x4000;
        var low = (random.NextBits() & 0x3FFFFFFFFFFFFFFF) | 0x8000000000000000;
        var digits = $"{high:x16}{low:x16}";
        return $"{digits[..8]}-{digits[8..12]}-{digits[12..16]}-{digits[16..20]}-{digits[20..]}";
    }

    /// <summary>So many letters from <paramref name="first"/> and the 25 behind it.</summary>
    public static string Letters(SplittableRandom random, char first, int count) =>
        string.Create(count, (random, first), static (span, state) =>
        {
            for (var i = 0; i < span.Length; i++) span[i] = (char)(state.first + state.random.Below(26));
        });

    /// <summary>So many draws, no two alike and none in <paramref name="taken"/>, which they join.</summary>
    public static string[] Distinct(int count, Func<string> draw, HashSet<string> taken)
    {
        var words = new string[count];
        for (var i = 0; i < count; i++)
        {
            do words[i] = draw();
            while (!taken.Add(words[i]));
        }
        return words;
    }
}
