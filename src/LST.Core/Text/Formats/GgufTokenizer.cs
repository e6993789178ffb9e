using LST.Core.Text.Splitting;

namespace LST.Core.Text.Formats;

/// <summary>Builds the tokenizer that the metadata of a GGUF file (<c>tokenizer.ggml.*</c>) describes.</summary>
internal sealed class GgufTokenizer
{
    private const string Source = "GGUF metadata";
    private const string Prefix = "tokenizer.ggml.";

    // The names that files use for each pre-tokenizer; llama.cpp's default is what files without a name get.
    private static readonly (string[] Names, string[] Patterns, bool TakesWholeParts)[] PreTokenizers =
    [
        (["default"], [@"[\p{P}\$\+<=>\^~\|]+", TextPattern.Gpt2, @"\p{N}+", "[0-9][0-9][0-9]"], false),
        (["gpt-2"], [TextPattern.Gpt2], false),
        (["smollm"], [TextPattern.Digit, TextPattern.Gpt2], false),
        (["llama-bpe", "llama3", "llama-v3"], [TextPattern.Llama3], true),
        (["qwen2"], [TextPattern.Qwen2], false),
    ];

    private readonly IReadOnlyDictionary<string, object> _metadata;
    private readonly string[] _tokens;
    private readonly PieceType[] _types;

    private GgufTokenizer(IReadOnlyDictionary<string, object> metadata)
    {
        _metadata = metadata;
        _tokens = Require<string[]>("tokens", "a list of texts");
        if (_tokens.Length is 0 or > Vocabulary.MaxSize)
            throw new TokenizerException($"{Source}: a vocabulary has 1 to {Vocabulary.MaxSize} tokens, but {Prefix}tokens has {_tokens.Length}.");
        _types = Types();
    }

    /// <exception cref="TokenizerException">A field is missing or wrong, or the kind of tokenizer is not done here.</exception>
    internal static ITokenizer Read(IReadOnlyDictionary<string, object> metadata)
    {
        if (!metadata.ContainsKey(Prefix + "model")) throw new TokenizerException($"{Source}: a tokenizer needs the field {Prefix}model, but the file " +
            "has none; use a file with its tokenizer inside.");
        var reader = new GgufTokenizer(metadata);
        return reader.Require<string>("model", "a text") switch
        {
            "gpt2" => reader.ByteLevel(),
            "llama" => reader.SentencePiece(),
            var other => throw new TokenizerException($"{Source}: the tokenizer models gpt2 and llama can be read, but the file has " +
                $"'{Vocabulary.Shown(other)}'."),
        };
    }

    private ITokenizer ByteLevel()
    {
        var name = Optional<string>("pre", "a text") ?? "default";
        var known = PreTokenizers.FirstOrDefault(p => p.Names.Contains(name));
        if (known.Names is null)
            throw new TokenizerException($"{Source}: the pre-tokenizers {string.Join(", ", PreTokenizers.Select(p => p.Names[0]))} can be read, but " +
                $"the file has '{Vocabulary.Shown(name)}'.");
        var vocabulary = Vocabulary.Create(Source, _tokens.Select((token, id) => (token, id)));
        var added = Enumerable.Range(0, _tokens.Length)
            .Where(id => _types[id] is PieceType.Control or PieceType.Unknown or PieceType.UserDefined)
            .Select(id => new AddedToken(_tokens[id], id, _types[id] != PieceType.UserDefined)).ToList();
        return new ByteLevelVocabulary(Source, vocabulary, [.. Require<string[]>("merges", "a list of texts").Select(line => MergeList.Parse(Source, line))])
        {
            Splitter = SplitterOf(known.Patterns),
            AddedTokens = added,
            AddedOnly = Enumerable.Range(0, _tokens.Length).Where(id => _types[id] != PieceType.Normal).ToHashSet(),
            TakesWholeParts = known.TakesWholeParts,
            BosId = Id("bos_token_id"),
            EosId = Id("eos_token_id"),
        }.Build($"gguf gpt2, pre-tokenizer {name}");
    }

    /// <summary>The splitter of a known pre-tokenizer name.</summary>
    internal static TextSplitter SplitterOf(string name) => SplitterOf(PreTokenizers.First(p => p.Names.Contains(name)).Patterns);

    private static TextSplitter SplitterOf(string[] patterns) => new([.. patterns.Select(p => new TextPattern(p))]);

    private ITokenizer SentencePiece()
    {
        var scores = Require<double[]>("scores", "a list of numbers");
        Require<long[]>("token_type", "a list of whole numbers");
        if (scores.Length != _tokens.Length)
            throw new TokenizerException($"{Source}: each token has one score, but there are {_tokens.Length} tokens and {scores.Length} scores; the " +
                "file is damaged.");
        return new SentencePieceVocabulary(Source, [.. _tokens.Select((text, id) => new Piece(text, (float)scores[id], _types[id]))])
        {
            ByteFallback = _types.Contains(PieceType.Byte),
            AddsDummyPrefix = Flag("add_space_prefix", otherwise: true),
            RemovesExtraSpaces = Flag("remove_extra_whitespaces", otherwise: false),
            BosId = Id("bos_token_id") ?? (_tokens.Length > 1 && _types[1] == PieceType.Control ? 1 : null),
            EosId = Id("eos_token_id") ?? (_tokens.Length > 2 && _types[2] == PieceType.Control ? 2 : null),
        }.Build("gguf llama (sentencepiece-bpe)");
    }

    private PieceType[] Types()
    {
        var types = Optional<long[]>("token_type", "a list of whole numbers");
        if (types is null) return [.. Enumerable.Repeat(PieceType.Normal, _tokens.Length)];
        if (types.Length != _tokens.Length)
            throw new TokenizerException($"{Source}: each token has one type, but there are {_tokens.Length} tokens and {types.Length} types; the " +
                "file is damaged.");
        if (types.FirstOrDefault(t => t is < 0 or > 6, -1) is var wrong and >= 0 || types.Contains(-1))
            throw new TokenizerException($"{Source}: token types are 1 to 6, but type {types.First(t => t is < 0 or > 6)} was found; the file is damaged.");
        return [.. types.Select(t => t == 0 ? PieceType.Normal : (PieceType)t)];
    }

    private int? Id(string name)
    {
        long? id = _metadata.GetValueOrDefault(Prefix + name) switch
        {
            null => null,
            long value => value,
            ulong value and <= int.MaxValue => (long)value,
            var other => throw new TokenizerException($"{Source}: {Prefix}{name} has to be a whole number, but it is '{other}'."),
        };
        if (id < 0 || id >= _tokens.Length)
            throw new TokenizerException($"{Source}: {Prefix}{name} has to be an id of the {_tokens.Length} tokens, but it is {id}; the file is damaged.");
        return (int?)id;
    }

    private bool Flag(string name, bool otherwise) => _metadata.GetValueOrDefault(Prefix + name) switch
    {
        null => otherwise,
        bool value => value,
        var other => throw new TokenizerException($"{Source}: {Prefix}{name} has to be true or false, but it is '{other}'."),
    };

    private T? Optional<T>(string name, string kind) where T : class => _metadata.GetValueOrDefault(Prefix + name) switch
    {
        null => null,
        T value => value,
        _ => throw new TokenizerException($"{Source}: {Prefix}{name} has to be {kind}, but it is of another kind."),
    };

    private T Require<T>(string name, string kind) where T : class => Optional<T>(name, kind) ??
        throw new TokenizerException($"{Source}: a tokenizer of this model needs the field {Prefix}{name}, but the file has none.");
}
