using System.Buffers;
using System.Text;

namespace LST.Core.Text;

/// <summary>A token that is cut out of the text before the merges see it.</summary>
/// <param name="Content">The text that stands for it.</param>
/// <param name="Id">Its id.</param>
/// <param name="IsSpecial">True: cut out only when special tokens are parsed; false: always.</param>
internal sealed record AddedToken(string Content, int Id, bool IsSpecial)
{
    /// <summary>Searched in the normalised text instead of the raw one.</summary>
    internal bool InNormalizedText { get; init; }

    /// <summary>Only between non-word characters.</summary>
    internal bool SingleWord { get; init; }

    /// <summary>Takes the white space before it along.</summary>
    internal bool StripLeft { get; init; }

    /// <summary>Takes the white space after it along.</summary>
    internal bool StripRight { get; init; }
}

/// <summary>A stretch of a text: a token that was cut out (<paramref name="Id"/> ≥ 0) or what lies between them (−1).</summary>
internal readonly record struct Fragment(int Start, int Length, int Id);

/// <summary>Finds added tokens: leftmost first, longest at one place.</summary>
internal sealed class AddedTokens
{
    private readonly AddedToken[] _always, _withSpecial;
    private readonly SearchValues<string> _alwaysStarts, _withSpecialStarts;

    internal AddedTokens(IEnumerable<AddedToken> tokens)
    {
        _withSpecial = [.. tokens.Where(t => t.Content.Length > 0).OrderByDescending(t => t.Content.Length)];
        _always = [.. _withSpecial.Where(t => !t.IsSpecial)];
        _withSpecialStarts = SearchValues.Create([.. _withSpecial.Select(t => t.Content)], StringComparison.Ordinal);
        _alwaysStarts = SearchValues.Create([.. _always.Select(t => t.Content)], StringComparison.Ordinal);
    }

    /// <summary>Cuts <paramref name="text"/> into tokens and the non-empty text between them, in order.</summary>
    internal IEnumerable<Fragment> Cut(string text, bool parseSpecial)
    {
        var tokens = parseSpecial ? _withSpecial : _always;
        var starts = parseSpecial ? _withSpecialStarts : _alwaysStarts;
        int done = 0, search = 0;
        while (tokens.Length > 0 && search < text.Length)
        {
            var hit = text.AsSpan(search).IndexOfAny(starts);
            if (hit < 0) break;
            int start = search + hit, end;
            var token = Longest(tokens, text.AsSpan(start));
            search = end = start + token.Content.Length;
            if (token.SingleWord && (EndsWithWord(text.AsSpan(0, start)) || StartsWithWord(text.AsSpan(end)))) continue;
            if (token.StripLeft) start = Math.Max(done, text.AsSpan(0, start).TrimEnd().Length);
            if (token.StripRight) search = end = text.Length - text.AsSpan(end).TrimStart().Length;
            if (start > done) yield return new Fragment(done, start - done, -1);
            yield return new Fragment(start, end - start, token.Id);
            done = end;
        }
        if (done < text.Length) yield return new Fragment(done, text.Length - done, -1);
    }

    private static AddedToken Longest(AddedToken[] longestFirst, ReadOnlySpan<char> text)
    {
        foreach (var token in longestFirst)
            if (text.StartsWith(token.Content, StringComparison.Ordinal)) return token;
        throw new InvalidOperationException("the search found a token that is not there");
    }

    private static bool EndsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeLastFromUtf16(text, out var last, out _) == OperationStatus.Done && IsWord(last);

    private static bool StartsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeFromUtf16(text, out var first, out _) == OperationStatus.Done && IsWord(first);

    private static bool IsWord(Rune rune) => Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is
        System.Globalization.UnicodeCategory.ConnectorPunctuation or System.Globalization.UnicodeCategory.NonSpacingMark or
        System.Globalization.UnicodeCategory.SpacingCombiningMark or System.Globalization.UnicodeCategory.EnclosingMark;
}
