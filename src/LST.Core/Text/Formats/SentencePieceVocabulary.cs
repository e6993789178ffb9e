using LST.Core.Text.Merging;

namespace LST.Core.Text.Formats;

/// <summary>One piece.</summary>
internal readonly record struct Piece(string Text, float Score, PieceType Type);

/// <summary>A SentencePiece BPE vocabulary, whichever file it came from, and the tokenizer that it makes.</summary>
internal sealed record SentencePieceVocabulary(string Source, IReadOnlyList<Piece> Pieces)
{
    internal bool ByteFallback { get; init; }

    internal bool AddsDummyPrefix { get; init; } = true;

    internal bool RemovesExtraSpaces { get; init; }

    internal string UnknownSurface { get; init; } = " \u2047 ";

    internal int? BosId { get; init; }

    internal int? EosId { get; init; }

    /// <summary>Tokens that a folder's other files add behind the pieces.</summary>
    internal IReadOnlyList<AddedToken> FurtherTokens { get; init; } = [];

    /// <exception cref="TokenizerException">Duplicate pieces, scores that are no numbers, or byte pieces missing.</exception>
    internal ITokenizer Build(string description)
    {
        var vocabulary = Vocabulary.Create(Source, Pieces.Select((p, id) => (p.Text, id)).Concat(FurtherTokens.Select(t => (t.Content, t.Id))));
        var decoded = Pieces.Select(p => (p.Text, p.Type)).ToList();
        for (var id = Pieces.Count; id < vocabulary.Size; id++) decoded.Add((vocabulary.TokenText(id), PieceType.UserDefined));
        var cutOut = Pieces
            .Select((p, id) => new AddedToken(p.Text, id, p.Type != PieceType.UserDefined) { InNormalizedText = p.Type == PieceType.UserDefined })
            .Where(t => Pieces[t.Id].Type is PieceType.Control or PieceType.Unknown or PieceType.UserDefined);
        var unknown = Pieces.Select(p => p.Type).ToList().IndexOf(PieceType.Unknown);
        return new PipelineTokenizer([.. cutOut, .. FurtherTokens])
        {
            Description = description,
            Vocabulary = vocabulary,
            Normalizers = [Normalize],
            Model = new CharacterModel(vocabulary, Merges(vocabulary), TakesPart)
            {
                ByteIds = ByteFallback ? ByteIds(vocabulary) : null,
                UnknownId = unknown < 0 ? null : unknown,
                FusesUnknown = true,
            },
            Decoder = new SentencePieceDecoder(decoded, UnknownSurface, AddsDummyPrefix || RemovesExtraSpaces),
            BosId = BosId,
            EosId = EosId,
        };
    }

    private bool TakesPart(int id) => id < Pieces.Count && Pieces[id].Type == PieceType.Normal;

    private string Normalize(string text)
    {
        if (RemovesExtraSpaces) text = string.Join(' ', text.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        if (text.Length > 0 && AddsDummyPrefix) text = CharacterModel.Space + text;
        return text.Replace(' ', CharacterModel.Space);
    }

    // A piece may be joined from any two that give its text; equal scores share a rank, so that the leftmost pair goes first.
    private MergeTable Merges(Vocabulary vocabulary)
    {
        if (Pieces.Any(p => float.IsNaN(p.Score))) throw new TokenizerException($"{Source}: scores are numbers, but a piece has NaN; the file is damaged.");
        var ranks = Pieces.Select(p => p.Score).Distinct().OrderDescending().Select((score, rank) => (score, rank)).ToDictionary(r => r.score, r => r.rank);
        var merges = new MergeTable(2 * Pieces.Count);
        for (var id = 0; id < Pieces.Count; id++)
            if (TakesPart(id)) merges.SetSplits<char>(Pieces[id].Text, id, ranks[Pieces[id].Score], Symbol);
        return merges;

        int? Symbol(ReadOnlySpan<char> stretch)
        {
            if (vocabulary.IdOf(stretch) is { } id && TakesPart(id)) return id;
            return UnicodeRules.SingleCodePoint(stretch) is { } codePoint ? CharacterModel.SymbolOfCharacter(codePoint) : null;
        }
    }

    private int[] ByteIds(Vocabulary vocabulary) => ByteTokens.Require(Source, name =>
        vocabulary.IdOf(name) is { } id && id < Pieces.Count && Pieces[id].Type == PieceType.Byte ? id : null);
}

/// <summary>The 256 tokens <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c> of byte fallback.</summary>
internal static class ByteTokens
{
    /// <exception cref="TokenizerException">One is missing.</exception>
    internal static int[] Require(string source, Func<string, int?> idOf)
    {
        var ids = new int[256];
        for (var value = 0; value < 256; value++)
        {
            var name = $"<0x{value:X2}>";
            ids[value] = idOf(name) ??
                throw new TokenizerException($"{source}: byte fallback needs the 256 byte tokens <0x00> to <0xFF>, but {name} is missing; the file is " +
                    "damaged.");
        }
        return ids;
    }
}
