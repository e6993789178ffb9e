namespace LST.Core.Text;

/// <summary>Turns text between added tokens, already normalised, into ids.</summary>
internal interface ITokenModel
{
    /// <summary>Appends the ids of <paramref name="text"/>.</summary>
    /// <param name="text">Non-empty text.</param>
    /// <param name="atTextStart">True for the text's own beginning, false after an added token.</param>
    /// <param name="ids">Where the ids go.</param>
    void Encode(string text, bool atTextStart, List<int> ids);
}

/// <summary>Turns ids back into text.</summary>
internal interface ITokenDecoder
{
    /// <summary>Decodes; ids for which <paramref name="isLeftOut"/> is true contribute nothing.</summary>
    string Decode(ReadOnlySpan<int> ids, Func<int, bool> isLeftOut);
}
