using System.Collections;

namespace LST.Evaluation.Benchmarks.Ruler.Words;

/// <summary>
/// All different <c>adjective-noun</c> texts in the order of their code points, by index. The millions of texts are not made: an adjective with its hyphen decides the order, so its texts lie in
/// one run in the order of the nouns. Only where one adjective with its hyphen begins another (<c>old-</c>, <c>old-fashioned-</c>) the runs mix, and the texts of such a family are sorted.
/// </summary>
internal sealed class AdjectiveNounPairs : IReadOnlyList<string>
{
    private readonly string[] nouns;
    private readonly List<(int Start, string Prefix, string[]? Texts)> runs = [];

    public AdjectiveNounPairs(IEnumerable<string> adjectives, IEnumerable<string> nouns)
    {
        this.nouns = [.. nouns.Distinct(StringComparer.Ordinal).Order(CodePointOrder.Instance)];
        string[] prefixes = [.. adjectives.Select(adjective => adjective + "-").Distinct(StringComparer.Ordinal).Order(CodePointOrder.Instance)];
        for (var first = 0; first < prefixes.Length;)
        {
            // A prefix sorts directly before everything that it begins.
            var behind = first + 1;
            while (behind < prefixes.Length && prefixes[behind].StartsWith(prefixes[first], StringComparison.Ordinal)) behind++;
            var texts = behind == first + 1 ? null : Family(prefixes.AsSpan(first, behind - first));
            runs.Add((Count, prefixes[first], texts));
            Count += texts?.Length ?? this.nouns.Length;
            first = behind;
        }
    }

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public string this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            var (low, high) = (0, runs.Count - 1);
            while (low < high)
            {
                var middle = (low + high + 1) / 2;
                if (runs[middle].Start <= index) low = middle;
                else high = middle - 1;
            }
            var (start, prefix, texts) = runs[low];
            return texts is null ? prefix + nouns[index - start] : texts[index - start];
        }
    }

    /// <inheritdoc/>
    public IEnumerator<string> GetEnumerator() => Enumerable.Range(0, Count).Select(i => this[i]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private string[] Family(ReadOnlySpan<string> prefixes)
    {
        var texts = new HashSet<string>(StringComparer.Ordinal);
        foreach (var prefix in prefixes)
            foreach (var noun in nouns) texts.Add(prefix + noun);
        return [.. texts.Order(CodePointOrder.Instance)];
    }
}
