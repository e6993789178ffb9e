namespace LST.Core.Text;

/// <summary>Token spellings and their ids, both ways. Checked: no spelling and no id occurs twice, ids are small and not negative.</summary>
internal sealed class Vocabulary
{
    /// <summary>More ids than any published tokenizer has by a factor of ten.</summary>
    internal const int MaxSize = 4 << 20;

    /// <summary>Longest spelling in UTF-16 units; it also bounds the work of finding the ways in which a token can be joined.</summary>
    internal const int MaxTokenLength = 2048;

    private readonly string?[] _spellings;
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _idsBySpan;
    private readonly string _source;

    private Vocabulary(string?[] spellings, Dictionary<string, int> ids, string source)
    {
        (_spellings, _ids, _source) = (spellings, ids, source);
        _idsBySpan = ids.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>Largest id plus one.</summary>
    internal int Size => _spellings.Length;

    /// <summary>Every spelling with its id.</summary>
    internal IReadOnlyDictionary<string, int> Ids => _ids;

    /// <summary>Checks and stores the tokens of one file.</summary>
    /// <exception cref="TokenizerException">Empty, too large, a duplicate, or an id out of range.</exception>
    internal static Vocabulary Create(string source, IEnumerable<(string Token, int Id)> tokens)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        var largest = -1;
        foreach (var (token, id) in tokens)
        {
            if (id is < 0 or >= MaxSize)
                throw new TokenizerException($"{source}: token ids are 0 to {MaxSize - 1}, but '{Shown(token)}' has id {id}.");
            if (token.Length > MaxTokenLength)
                throw new TokenizerException($"{source}: tokens have at most {MaxTokenLength} characters, but id {id} has {token.Length}.");
            if (!ids.TryAdd(token, id))
                throw new TokenizerException($"{source}: each token occurs once, but '{Shown(token)}' has the ids {ids[token]} and {id}; the file is damaged.");
            largest = Math.Max(largest, id);
        }

        if (ids.Count == 0) throw new TokenizerException($"{source}: a vocabulary needs at least one token, but it is empty.");
        var spellings = new string?[largest + 1];
        foreach (var (token, id) in ids)
        {
            if (spellings[id] is { } other)
                throw new TokenizerException($"{source}: each id belongs to one token, but '{Shown(other)}' and '{Shown(token)}' both have id {id}; " +
                    "the file is damaged.");
            spellings[id] = token;
        }
        return new Vocabulary(spellings, ids, source);
    }

    internal int? IdOf(ReadOnlySpan<char> token) => _idsBySpan.TryGetValue(token, out var id) ? id : null;

    /// <summary>Spelling of an id; empty for an id between 0 and <see cref="Size"/> that no token has.</summary>
    /// <exception cref="TokenizerException">The id is outside the vocabulary.</exception>
    internal string TokenText(int id) => (uint)id < (uint)_spellings.Length
        ? _spellings[id] ?? ""
        : throw OutOfRange(id);

    internal TokenizerException OutOfRange(int id) =>
        new($"{_source}: ids are 0 to {_spellings.Length - 1}, but {id} was to be decoded.");

    /// <summary>A spelling short enough and printable enough for a message.</summary>
    internal static string Shown(string token)
    {
        var cut = token.Length > 40 ? token[..40] + "…" : token;
        return string.Concat(cut.Select(c => char.IsControl(c) ? $"\\u{(int)c:x4}" : c.ToString()));
    }
}
