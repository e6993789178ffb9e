using LST.Core.Text.Merging;
using LST.Core.Text.Splitting;

namespace LST.Core.Text.Formats;

/// <summary>A byte-level BPE vocabulary with ranked pairs, whichever file it came from, and the tokenizer that it makes.</summary>
internal sealed record ByteLevelVocabulary(string Source, Vocabulary Tokens, IReadOnlyList<(string Left, string Right)> Merges)
{
    internal required TextSplitter Splitter { get; init; }

    internal IReadOnlyCollection<AddedToken> AddedTokens { get; init; } = [];

    /// <summary>Ids that are added tokens and nothing else: ordinary text never becomes them.</summary>
    internal IReadOnlySet<int> AddedOnly { get; init; } = new HashSet<int>();

    internal IReadOnlyList<Func<string, string>> Normalizers { get; init; } = [];

    internal bool TakesWholeParts { get; init; }

    internal bool AddsPrefixSpace { get; init; }

    internal int? BosId { get; init; }

    internal int? EosId { get; init; }

    internal ITokenizer Build(string description)
    {
        var table = MergeList.Table(Source, Tokens, Merges);
        var literal = AddedTokens.Select(t => t.Id).ToHashSet();
        return new PipelineTokenizer(AddedTokens)
        {
            Description = description,
            Vocabulary = Tokens,
            Normalizers = Normalizers,
            Model = new ByteLevelModel(Tokens, id => !AddedOnly.Contains(id), LibraryBpe.FromMerges(Tokens, MergeList.WithoutRepeats(Merges)), () => table)
            {
                Splitter = Splitter,
                TakesWholeParts = TakesWholeParts,
                AddsPrefixSpace = AddsPrefixSpace,
            },
            Decoder = new ByteLevelDecoder(Tokens, literal.Contains),
            BosId = BosId,
            EosId = EosId,
        };
    }
}

/// <summary>The ranked pairs of <c>tokenizer.json</c> and GGUF.</summary>
internal static class MergeList
{
    internal const int MaxMerges = 16 << 20;

    /// <summary>Splits <c>"left right"</c>.</summary>
    /// <exception cref="TokenizerException">Not two tokens.</exception>
    internal static (string Left, string Right) Parse(string source, string line)
    {
        var space = line.IndexOf(' ');
        if (space <= 0 || space == line.Length - 1 || line.IndexOf(' ', space + 1) >= 0)
            throw new TokenizerException($"{source}: a merge is two tokens with one space between them, but '{Vocabulary.Shown(line)}' was found; the " +
                "file is damaged.");
        return (line[..space], line[(space + 1)..]);
    }

    /// <summary>The pairs by their place in the list.</summary>
    /// <exception cref="TokenizerException">A pair or what it joins to is not in the vocabulary.</exception>
    internal static MergeTable Table(string source, Vocabulary vocabulary, IReadOnlyList<(string Left, string Right)> merges)
    {
        if (merges.Count > MaxMerges) throw new TokenizerException($"{source}: at most {MaxMerges} merges are read, but it has {merges.Count}.");
        var table = new MergeTable(merges.Count);
        for (var rank = 0; rank < merges.Count; rank++)
        {
            var (left, right) = merges[rank];
            table.Set(Id(left), Id(right), rank, Id(left + right));

            int Id(string token) => vocabulary.IdOf(token) ?? throw new TokenizerException(
                $"{source}: merges join tokens of the vocabulary, but merge {rank + 1} ('{Vocabulary.Shown(left)}' + '{Vocabulary.Shown(right)}') needs " +
                $"'{Vocabulary.Shown(token)}', which it lacks; the file is damaged.");
        }
        return table;
    }

    /// <summary>The later of equal pairs counts; the library wants each once.</summary>
    internal static IReadOnlyList<(string Left, string Right)> WithoutRepeats(IReadOnlyList<(string Left, string Right)> merges)
    {
        var last = new Dictionary<(string, string), int>(merges.Count);
        for (var rank = 0; rank < merges.Count; rank++) last[merges[rank]] = rank;
        return last.Count == merges.Count ? merges : [.. merges.Where((merge, rank) => last[merge] == rank)];
    }
}
