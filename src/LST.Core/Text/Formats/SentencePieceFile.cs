namespace LST.Core.Text.Formats;

/// <summary>Reads <c>tokenizer.model</c> files of SentencePiece (BPE type, without normalisation, as Llama-2 and Mistral have it).</summary>
internal static class SentencePieceFile
{
    private const ulong Bpe = 2;

    /// <exception cref="TokenizerException">Damaged, or a kind of model that is not done here.</exception>
    internal static SentencePieceVocabulary Read(byte[] file, string source)
    {
        var pieces = new List<Piece>();
        var trainer = new Trainer();
        var normalizer = new Normalizer();
        var reader = new ProtobufReader(file, source);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    if (pieces.Count == Vocabulary.MaxSize) throw new TokenizerException($"{source}: at most {Vocabulary.MaxSize} pieces are read, " +
                        "but it has more.");
                    pieces.Add(ReadPiece(reader.Bytes(), source, pieces.Count));
                    break;
                case 2: trainer = ReadTrainer(reader.Bytes(), source); break;
                case 3: normalizer = ReadNormalizer(reader.Bytes(), source); break;
                default: reader.Skip(); break;
            }
        }
        if (pieces.Count == 0) throw new TokenizerException($"{source}: a SentencePiece model holds pieces, but none was found; the file is truncated " +
            "or of another kind.");
        Require(trainer.ModelType == Bpe, source, "BPE models", $"this one has model type {trainer.ModelType} (1 unigram, 3 word, 4 char)");
        Require(!trainer.SpaceAsSuffix, source, "models with the space mark in front of words", "this one has it behind them");
        Require(!normalizer.HasCharacterMap, source, "models without Unicode normalisation (rule 'identity')", $"this one has the rule '{normalizer.Name}'");
        Require(normalizer.EscapesSpaces, source, "models that escape white space", "this one does not");
        return new SentencePieceVocabulary(source, pieces)
        {
            ByteFallback = trainer.ByteFallback,
            AddsDummyPrefix = normalizer.AddsDummyPrefix,
            RemovesExtraSpaces = normalizer.RemovesExtraSpaces,
            UnknownSurface = trainer.UnknownSurface,
            BosId = ControlPiece(pieces, trainer.BosPiece),
            EosId = ControlPiece(pieces, trainer.EosPiece),
        };
    }

    private static void Require(bool isSo, string source, string rule, string found)
    {
        if (!isSo) throw new TokenizerException($"{source}: {rule} can be read, but {found}; take it out of the folder so that its tokenizer.json is read.");
    }

    private static int? ControlPiece(List<Piece> pieces, string text)
    {
        var id = pieces.FindIndex(p => p.Type == PieceType.Control && p.Text == text);
        return id < 0 ? null : id;
    }

    private static Piece ReadPiece(ReadOnlySpan<byte> message, string source, int id)
    {
        string? text = null;
        var score = 0f;
        ulong type = (ulong)PieceType.Normal;
        var reader = new ProtobufReader(message, source);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: text = reader.Text(); break;
                case 2: score = reader.Float(); break;
                case 3: type = reader.Number(); break;
                default: reader.Skip(); break;
            }
        }
        if (string.IsNullOrEmpty(text)) throw new TokenizerException($"{source}: every piece has a text, but piece {id} has none; the file is damaged.");
        if (type is < (ulong)PieceType.Normal or > (ulong)PieceType.Byte)
            throw new TokenizerException($"{source}: piece types are 1 to 6, but piece {id} has type {type}; the file is damaged.");
        return new Piece(text, score, (PieceType)type);
    }

    private static Trainer ReadTrainer(ReadOnlySpan<byte> message, string source)
    {
        var trainer = new Trainer();
        var reader = new ProtobufReader(message, source);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 3: trainer = trainer with { ModelType = reader.Number() }; break;
                case 24: trainer = trainer with { SpaceAsSuffix = reader.Number() != 0 }; break;
                case 35: trainer = trainer with { ByteFallback = reader.Number() != 0 }; break;
                case 44: trainer = trainer with { UnknownSurface = reader.Text() }; break;
                case 46: trainer = trainer with { BosPiece = reader.Text() }; break;
                case 47: trainer = trainer with { EosPiece = reader.Text() }; break;
                default: reader.Skip(); break;
            }
        }
        return trainer;
    }

    private static Normalizer ReadNormalizer(ReadOnlySpan<byte> message, string source)
    {
        var normalizer = new Normalizer();
        var reader = new ProtobufReader(message, source);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1: normalizer = normalizer with { Name = reader.Text() }; break;
                case 2: normalizer = normalizer with { HasCharacterMap = !reader.Bytes().IsEmpty }; break;
                case 3: normalizer = normalizer with { AddsDummyPrefix = reader.Number() != 0 }; break;
                case 4: normalizer = normalizer with { RemovesExtraSpaces = reader.Number() != 0 }; break;
                case 5: normalizer = normalizer with { EscapesSpaces = reader.Number() != 0 }; break;
                default: reader.Skip(); break;
            }
        }
        return normalizer;
    }

    // Defaults are those of sentencepiece's message definitions.
    private sealed record Trainer(ulong ModelType = 1, bool ByteFallback = false, bool SpaceAsSuffix = false,
        string UnknownSurface = " \u2047 ", string BosPiece = "<s>", string EosPiece = "</s>");

    private sealed record Normalizer(string Name = "", bool HasCharacterMap = false, bool AddsDummyPrefix = true,
        bool RemovesExtraSpaces = true, bool EscapesSpaces = true);
}
