using LST.Core.Training.Data;

namespace LST.Evaluation.Benchmarks.Ruler.Words;

/// <summary>The words that RULER draws from: lists of the package wonderwords, which this project carries.</summary>
internal static class RulerWords
{
    private static readonly Lazy<AdjectiveNounPairs> LoadedPairs = new(() => new(WordLists.Adjectives, WordLists.Nouns));
    private static readonly Lazy<string[]> LoadedAll = new(() =>
        [.. WordLists.Nouns.Concat(WordLists.Adjectives).Concat(WordLists.Verbs).Distinct(StringComparer.Ordinal).Order(CodePointOrder.Instance)]);

    /// <summary>6,171,620 pairs <c>adjective-noun</c> in order.</summary>
    public static IReadOnlyList<string> Pairs => LoadedPairs.Value;

    /// <summary>8,166 nouns, adjectives and verbs in order, each once.</summary>
    public static IReadOnlyList<string> All => LoadedAll.Value;
}
