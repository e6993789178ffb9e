using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using LST.Core.Text.Merging;

namespace LST.Core.Text;

/// <summary>
/// BPE over characters (SentencePiece and its <c>tokenizer.json</c> form): each code point is a symbol, symbols are merged,
/// and what has no token in the end becomes its UTF-8 byte tokens or the unknown token.
/// </summary>
internal sealed class CharacterModel : ITokenModel
{
    internal const char Space = '\u2581';

    private readonly Vocabulary _vocabulary;
    private readonly Func<int, bool> _takesPart;
    private readonly MergeTable _merges;
    private readonly PartCache _cache = new();
    private readonly bool _wordsAreIndependent;

    /// <param name="vocabulary">All tokens.</param>
    /// <param name="merges">Pairs of symbols: ids, or <see cref="SymbolOfCharacter"/> for characters without a token.</param>
    /// <param name="takesPart">Whether a token can come out of ordinary text (not so control and byte tokens).</param>
    internal CharacterModel(Vocabulary vocabulary, MergeTable merges, Func<int, bool> takesPart)
    {
        (_vocabulary, _merges, _takesPart) = (vocabulary, merges, takesPart);
        // When no token has a space after another character, merges never reach over the beginning of a word.
        _wordsAreIndependent = vocabulary.Ids.All(t => !takesPart(t.Value) || !ReachesOverWordStart(t.Key));
    }

    /// <summary>Ids of the 256 byte tokens; null without byte fallback.</summary>
    internal int[]? ByteIds { get; init; }

    /// <summary>What a character without token and bytes becomes; null: nothing.</summary>
    internal int? UnknownId { get; init; }

    /// <summary>Neighbouring unknown characters become one unknown token.</summary>
    internal bool FusesUnknown { get; init; }

    /// <summary>A part that is itself a token is taken whole.</summary>
    internal bool TakesWholeParts { get; init; }

    /// <summary>The symbol of a code point that has no token of its own: negative, so that no id equals it.</summary>
    internal static int SymbolOfCharacter(int codePoint) => ~codePoint;

    /// <inheritdoc/>
    public void Encode(string text, bool atTextStart, List<int> ids)
    {
        if (TakesWholeParts && _vocabulary.IdOf(text) is { } whole && _takesPart(whole))
        {
            ids.Add(whole);
            return;
        }
        if (!_wordsAreIndependent || ByteIds is null)
        {
            EncodePart(text, ids);
            return;
        }
        for (int start = 0, end; start < text.Length; start = end)
        {
            end = WordEnd(text, start);
            var word = text.AsSpan(start, end - start);
            if (_cache.TryGet(word, out var known))
            {
                ids.AddRange(known);
                continue;
            }
            var before = ids.Count;
            EncodePart(word, ids);
            _cache.Add(word, CollectionsMarshal.AsSpan(ids)[before..]);
        }
    }

    private void EncodePart(ReadOnlySpan<char> part, List<int> ids)
    {
        var rented = ArrayPool<int>.Shared.Rent(part.Length);
        var count = 0;
        Span<char> units = stackalloc char[2];
        foreach (var rune in part.EnumerateRunes())
        {
            var character = units[..rune.EncodeToUtf16(units)];
            rented[count++] = _vocabulary.IdOf(character) is { } id && _takesPart(id) ? id : SymbolOfCharacter(rune.Value);
        }
        count = SymbolMerger.Merge(rented.AsSpan(0, count), _merges);
        var first = ids.Count;
        foreach (var symbol in rented.AsSpan(0, count))
        {
            if (symbol >= 0) ids.Add(symbol);
            else AppendFallback(new Rune(~symbol), first, ids);
        }
        ArrayPool<int>.Shared.Return(rented);
    }

    private void AppendFallback(Rune rune, int first, List<int> ids)
    {
        if (ByteIds is null)
        {
            if (UnknownId is { } unknown && !(FusesUnknown && ids.Count > first && ids[^1] == unknown)) ids.Add(unknown);
            return;
        }
        Span<byte> bytes = stackalloc byte[4];
        foreach (var value in bytes[..rune.EncodeToUtf8(bytes)]) ids.Add(ByteIds[value]);
    }

    private static int WordEnd(string text, int start)
    {
        var end = start;
        while (end < text.Length && text[end] == Space) end++;
        var next = text.AsSpan(end).IndexOf(Space);
        return next < 0 ? text.Length : end + next;
    }

    private static bool ReachesOverWordStart(string token)
    {
        var word = token.AsSpan().TrimStart(Space);
        return word.Contains(Space);
    }
}
