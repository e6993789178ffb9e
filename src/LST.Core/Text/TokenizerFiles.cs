using LST.Core.Text.Formats;

namespace LST.Core.Text;

/// <summary>Opens tokenizers. What a file is, its content decides, not its name.</summary>
public static class TokenizerFiles
{
    /// <summary>The largest file that is read, 256 MiB.</summary>
    private const long MaxBytes = 256 << 20;

    /// <summary>
    /// The tokenizer of a Hugging Face folder. <c>tokenizer.model</c> (SentencePiece, or tiktoken ranks) wins over <c>tokenizer.json</c>, because it is the
    /// original that the other was made from; <c>tokenizer_config.json</c> names BOS and EOS and the tokens that were added behind the model's.
    /// </summary>
    /// <exception cref="TokenizerException">The folder has neither, or a file in it is damaged or of a kind that is not done here.</exception>
    public static ITokenizer ForFolder(string folder)
    {
        if (!Directory.Exists(folder)) throw new TokenizerException($"{folder}: the folder of a tokenizer has to exist, but it does not; check the path.");
        var path = new[] { "tokenizer.model", "tokenizer.json" }.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists) ??
            throw new TokenizerException($"{folder}: a tokenizer is a tokenizer.model or a tokenizer.json, but the folder has neither; copy it from " +
                "the model's source.");
        var config = TokenizerConfig.ForFolder(folder);
        return Open(path, specialTokens: null, config.Names, config.AddedTokens);
    }

    /// <summary>The tokenizer of one file: a SentencePiece model, tiktoken ranks, or a <c>tokenizer.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="specialTokens">
    /// Special tokens and their ids for tiktoken ranks, which do not hold them; null: Llama-3.1's if the file has its 128,000 ranks.
    /// </param>
    /// <exception cref="TokenizerException">The file is missing, damaged or of a kind that is not done here.</exception>
    public static ITokenizer FromFile(string path, IReadOnlyDictionary<string, int>? specialTokens = null) =>
        Open(path, specialTokens, new TokenNames(), []);

    /// <summary>The tokenizer inside a GGUF file: <c>tokenizer.ggml.model</c> is <c>gpt2</c> (byte-level BPE) or <c>llama</c> (SentencePiece).</summary>
    /// <param name="metadata">All metadata; values are string, bool, long, ulong, double, or arrays string[], long[], double[], bool[].</param>
    /// <exception cref="TokenizerException">A field is missing or wrong, or the kind of tokenizer is not done here.</exception>
    public static ITokenizer FromGguf(IReadOnlyDictionary<string, object> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        return GgufTokenizer.Read(metadata);
    }

    private static ITokenizer Open(string path, IReadOnlyDictionary<string, int>? specialTokens, TokenNames names, IReadOnlyList<AddedToken> added)
    {
        if (!File.Exists(path)) throw new TokenizerException($"{path}: a tokenizer's file has to exist, but it does not; check the path.");
        var bytes = BoundedFile.Read(path, MaxBytes);
        if (bytes.AsSpan().StartsWith("GGUF"u8))
            throw new TokenizerException($"{path}: a tokenizer's file is expected, but this is a GGUF file; open it as a model, its tokenizer is inside.");
        // A SentencePiece model begins with field 1, a tokenizer.json with a brace, and neither byte occurs in base64.
        return bytes[0] switch
        {
            0x0A => OpenSentencePiece(bytes, path, names, added),
            (byte)'{' or 0xEF or (byte)' ' or (byte)'\t' or (byte)'\r' => HuggingFaceFile.Read(bytes, path, names),
            _ => TiktokenFile.Read(bytes, path, specialTokens ?? SpecialTokens(added), names),
        };
    }

    private static ITokenizer OpenSentencePiece(byte[] bytes, string path, TokenNames names, IReadOnlyList<AddedToken> added)
    {
        var model = SentencePieceFile.Read(bytes, path);
        var further = added.Where(t => t.Id >= model.Pieces.Count).ToList();
        if (added.FirstOrDefault(t => t.Id >= 0 && t.Id < model.Pieces.Count && model.Pieces[t.Id].Text != t.Content) is { } other)
            throw new TokenizerException($"{path}: tokenizer_config.json calls id {other.Id} '{Vocabulary.Shown(other.Content)}', but the model calls " +
                $"it '{Vocabulary.Shown(model.Pieces[other.Id].Text)}'; the files do not belong together.");
        return (model with
        {
            FurtherTokens = further,
            BosId = Named(names.Bos) ?? model.BosId,
            EosId = Named(names.Eos) ?? model.EosId,
        }).Build($"sentencepiece-bpe ({Path.GetFileName(path)})");

        int? Named(string? name)
        {
            if (name is null) return null;
            var id = model.Pieces.Select(p => p.Text).Concat(further.Select(t => t.Content)).ToList().IndexOf(name);
            if (id < 0) throw new TokenizerException($"{path}: tokenizer_config.json names the token '{Vocabulary.Shown(name)}', but the vocabulary " +
                "lacks it; the files do not belong together.");
            return id < model.Pieces.Count ? id : further[id - model.Pieces.Count].Id;
        }
    }

    private static Dictionary<string, int>? SpecialTokens(IReadOnlyList<AddedToken> added)
    {
        if (added.Count == 0) return null;
        var tokens = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var token in added)
            if (!tokens.TryAdd(token.Content, token.Id))
                throw new TokenizerException($"tokenizer_config.json: each added token has one id, but '{Vocabulary.Shown(token.Content)}' has " +
                    $"{tokens[token.Content]} and {token.Id}; the file is damaged.");
        return tokens;
    }
}
