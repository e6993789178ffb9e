using System.Text.RegularExpressions;

namespace LST.Core.Text.Splitting;

/// <summary>What becomes of the text that a pattern matches and of the text between matches.</summary>
internal enum SplitBehavior
{
    /// <summary>Matches and what lies between them are parts.</summary>
    Isolated,

    /// <summary>Only matches are parts; the rest is dropped.</summary>
    MatchesOnly,

    /// <summary>Only what lies between matches is kept.</summary>
    GapsOnly,
}

/// <summary>One step of splitting: a regular expression as tokenizer files write them.</summary>
internal sealed partial class TextPattern
{
    /// <summary>A contraction, letters with at most one other character before them, digits in groups, punctuation, white space: Llama-3.</summary>
    internal const string Llama3 = Qwen2Head + @"\p{N}{1,3}" + Qwen2Tail;

    /// <summary>As Llama-3's, but digits stand alone.</summary>
    internal const string Qwen2 = Qwen2Head + @"\p{N}" + Qwen2Tail;

    /// <summary>GPT-2's pattern: case-sensitive contractions, a space joins what follows it.</summary>
    internal const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>One digit, of any script.</summary>
    internal const string Digit = @"\p{N}";

    private const string Qwen2Head = @"(?i:'s|" + Qwen2Letters;
    private const string Qwen2HeadForDotNet = "(?i:'[s\u017F]|" + Qwen2Letters;
    private const string Qwen2Letters = @"'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|";
    private const string Qwen2Tail = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const int MaxLength = 4096;

    private const RegexOptions Options = RegexOptions.CultureInvariant;

    // A pattern of an unknown file must not be able to stop the program.
    private const int MatchLimitMilliseconds = 20_000;

    private readonly Regex _regex;
    private readonly SplitBehavior _behavior;

    /// <exception cref="TokenizerException">The pattern is too long or .NET cannot run it.</exception>
    internal TextPattern(string pattern, SplitBehavior behavior = SplitBehavior.Isolated)
    {
        _behavior = behavior;
        if (pattern.Length is 0 or > MaxLength)
            throw new TokenizerException($"A split pattern has 1 to {MaxLength} characters, but this one has {pattern.Length}.");
        try
        {
            // The usual patterns are compiled with the program; opening a tokenizer then costs no compilation.
            _regex = pattern switch
            {
                Llama3 => Llama3Regex(),
                Qwen2 => Qwen2Regex(),
                Gpt2 => Gpt2Regex(),
                Digit => DigitRegex(),
                _ => new Regex(ForDotNet(pattern), Options | RegexOptions.Compiled, TimeSpan.FromMilliseconds(MatchLimitMilliseconds)),
            };
        }
        catch (ArgumentException error)
        {
            throw new TokenizerException($"The split pattern '{Vocabulary.Shown(pattern)}' uses what .NET's regular expressions lack: {error.Message}", error);
        }
    }

    /// <summary>Splits a stretch of text into (start, length) parts, empty ones left out.</summary>
    internal void Split(ReadOnlySpan<char> text, int offset, List<(int Start, int Length)> parts)
    {
        try
        {
            var done = 0;
            foreach (var match in _regex.EnumerateMatches(text))
            {
                if (match.Length == 0) continue;
                if (match.Index > done && _behavior != SplitBehavior.MatchesOnly) parts.Add((offset + done, match.Index - done));
                if (_behavior != SplitBehavior.GapsOnly) parts.Add((offset + match.Index, match.Length));
                done = match.Index + match.Length;
            }
            if (done < text.Length && _behavior != SplitBehavior.MatchesOnly) parts.Add((offset + done, text.Length - done));
        }
        catch (RegexMatchTimeoutException error)
        {
            throw new TokenizerException($"The tokenizer's split pattern took more than {MatchLimitMilliseconds / 1000} s on one part of the text; " +
                "the pattern is unusable.", error);
        }
    }

    // Two differences between the dialects: .NET has no possessive quantifiers, and its case folding misses the long s (U+017F).
    private static string ForDotNet(string pattern) => PossessiveQuantifiers()
        .Replace(pattern, "(?>${atom}${quantifier})")
        .Replace("(?i:'s|", "(?i:'[s\u017F]|", StringComparison.Ordinal)
        .Replace("(?i:'s)", "(?i:'[s\u017F])", StringComparison.Ordinal);

    [GeneratedRegex(@"(?<atom>\[(?:\\.|[^\]\\])+\]|\\[pP]\{\w+\}|\\.|[^\\\[\](){}|?*+])(?<quantifier>(?:[?*+]|\{\d+(?:,\d*)?\}))\+", Options)]
    private static partial Regex PossessiveQuantifiers();

    [GeneratedRegex(Qwen2HeadForDotNet + @"\p{N}{1,3}" + Qwen2Tail, Options, MatchLimitMilliseconds)]
    private static partial Regex Llama3Regex();

    [GeneratedRegex(Qwen2HeadForDotNet + @"\p{N}" + Qwen2Tail, Options, MatchLimitMilliseconds)]
    private static partial Regex Qwen2Regex();

    [GeneratedRegex(Gpt2, Options, MatchLimitMilliseconds)]
    private static partial Regex Gpt2Regex();

    [GeneratedRegex(Digit, Options, MatchLimitMilliseconds)]
    private static partial Regex DigitRegex();
}
