namespace LST.Core.Text;

/// <summary>
/// What all formats share: added tokens are cut out of the raw text, the rest is normalised, added tokens are cut out of that,
/// and what is left goes to the model. The readers in <c>Formats</c> fill in the parts.
/// </summary>
internal sealed class PipelineTokenizer : ITokenizer
{
    private readonly HashSet<int> _special;
    private readonly AddedTokens _inRawText, _inNormalizedText;

    internal PipelineTokenizer(IReadOnlyCollection<AddedToken> addedTokens)
    {
        _inRawText = new AddedTokens(addedTokens.Where(t => !t.InNormalizedText));
        _inNormalizedText = new AddedTokens(addedTokens.Where(t => t.InNormalizedText));
        _special = [.. addedTokens.Where(t => t.IsSpecial).Select(t => t.Id)];
    }

    internal required Vocabulary Vocabulary { get; init; }

    internal required ITokenModel Model { get; init; }

    internal required ITokenDecoder Decoder { get; init; }

    /// <summary>Applied in order to each stretch between added tokens.</summary>
    internal IReadOnlyList<Func<string, string>> Normalizers { get; init; } = [];

    /// <inheritdoc/>
    public required string Description { get; init; }

    /// <inheritdoc/>
    public int VocabularySize => Vocabulary.Size;

    /// <inheritdoc/>
    public int? BosId { get; init; }

    /// <inheritdoc/>
    public int? EosId { get; init; }

    /// <inheritdoc/>
    public int[] Encode(string text, bool parseSpecial = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = UnicodeRules.WithoutLoneSurrogates(text);
        var ids = new List<int>(text.Length / 3 + 8);
        foreach (var fragment in _inRawText.Cut(text, parseSpecial))
        {
            if (fragment.Id >= 0) ids.Add(fragment.Id);
            else EncodeRaw(Stretch(text, fragment), fragment.Start == 0, parseSpecial, ids);
        }
        return [.. ids];
    }

    /// <inheritdoc/>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = false)
    {
        foreach (var id in ids)
            if ((uint)id >= (uint)Vocabulary.Size) throw Vocabulary.OutOfRange(id);
        return Decoder.Decode(ids, skipSpecial ? _special.Contains : static _ => false);
    }

    /// <inheritdoc/>
    public int? IdOf(string token) => Vocabulary.IdOf(token);

    /// <inheritdoc/>
    public string TokenText(int id) => Vocabulary.TokenText(id);

    private void EncodeRaw(string raw, bool atTextStart, bool parseSpecial, List<int> ids)
    {
        var normalized = Normalizers.Aggregate(raw, (current, normalize) => normalize(current));
        foreach (var fragment in _inNormalizedText.Cut(normalized, parseSpecial))
        {
            if (fragment.Id >= 0) ids.Add(fragment.Id);
            else Model.Encode(Stretch(normalized, fragment), atTextStart && fragment.Start == 0, ids);
        }
    }

    private static string Stretch(string text, Fragment fragment) =>
        fragment.Length == text.Length ? text : text.Substring(fragment.Start, fragment.Length);
}
