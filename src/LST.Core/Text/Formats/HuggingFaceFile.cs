using System.Text.Json;

namespace LST.Core.Text.Formats;

/// <summary>
/// Reads <c>tokenizer.json</c>: BPE models, byte-level (GPT-2, Llama-3, Qwen2, lst-ref) or over characters with byte fallback (Llama-2, Mistral).
/// What it names and this program lacks is refused by name, never left out.
/// </summary>
internal static class HuggingFaceFile
{
    /// <exception cref="TokenizerException">Damaged, or a part that is not done here.</exception>
    internal static ITokenizer Read(ReadOnlyMemory<byte> file, string source, TokenNames names)
    {
        var root = JsonFields.ParseObject(file, source);
        var model = root.Object("model", source) ?? throw new TokenizerException($"{source}: a tokenizer.json has a 'model', but this file has none; " +
            "it is of another kind.");
        var type = model.Text("type", source) ?? "BPE";
        if (type != "BPE") throw new TokenizerException($"{source}: models of type BPE can be read, but this one is of type {Vocabulary.Shown(type)}.");
        foreach (var unsupported in new[] { "continuing_subword_prefix", "end_of_word_suffix" })
            if (model.Text(unsupported, source) is { Length: > 0 } text)
                throw new TokenizerException($"{source}: models without {unsupported} can be read, but this one has '{Vocabulary.Shown(text)}'.");
        if (model.Field("dropout") is { } dropout && dropout.ValueKind == JsonValueKind.Number && dropout.GetDouble() > 0)
            throw new TokenizerException($"{source}: models without dropout can be read, but this one has {dropout.GetRawText()}.");

        var own = OwnTokens(model, source);
        var normalizers = HuggingFaceNormalizers.Read(root.Object("normalizer", source), source);
        var ownIds = own.ToDictionary(t => t.Token, t => t.Id);
        var added = AddedTokens(root, source, normalizers, ownIds);
        var vocabulary = Vocabulary.Create(source, own.Concat(added.Where(a => !ownIds.ContainsKey(a.Spelling)).Select(a => (a.Spelling, a.Token.Id))));
        var (bos, eos) = (BosId(root, source, names, vocabulary), names.Eos is null ? (int?)null : names.Require(names.Eos, vocabulary, source));
        var merges = Merges(model, source);
        var preTokenizer = HuggingFacePreTokenizer.Read(root.Object("pre_tokenizer", source), source);
        var description = Path.GetFileName(source);
        if (preTokenizer.IsByteLevel)
        {
            return new ByteLevelVocabulary(source, vocabulary, merges)
            {
                Splitter = preTokenizer.Splitter,
                AddedTokens = [.. added.Select(a => a.Token)],
                AddedOnly = added.Where(a => !ownIds.ContainsKey(a.Spelling)).Select(a => a.Token.Id).ToHashSet(),
                Normalizers = normalizers,
                TakesWholeParts = model.Flag("ignore_merges", source),
                AddsPrefixSpace = preTokenizer.AddsPrefixSpace,
                BosId = bos,
                EosId = eos,
            }.Build($"byte-level-bpe ({description})");
        }

        var unknown = model.Text("unk_token", source);
        var ownIdSet = ownIds.Values.ToHashSet();
        ITokenModel characters = new CharacterModel(vocabulary, MergeList.Table(source, vocabulary, merges), ownIdSet.Contains)
        {
            ByteIds = model.Flag("byte_fallback", source) ? ByteTokens.Require(source, name => vocabulary.IdOf(name)) : null,
            UnknownId = unknown is null ? null : vocabulary.IdOf(unknown) ?? throw new TokenizerException($"{source}: the unknown token " +
                $"'{Vocabulary.Shown(unknown)}' has to be in the vocabulary, but it is not."),
            FusesUnknown = model.Flag("fuse_unk", source),
            TakesWholeParts = model.Flag("ignore_merges", source),
        };
        return new PipelineTokenizer([.. added.Select(a => a.Token)])
        {
            Description = $"character-bpe ({description})",
            Vocabulary = vocabulary,
            Normalizers = normalizers,
            Model = preTokenizer.Metaspace is { } metaspace ? new MetaspaceModel(characters, metaspace.Mark, metaspace.Prefix, metaspace.Splits) : characters,
            Decoder = HuggingFaceDecoder.Read(root.Object("decoder", source), source, vocabulary),
            BosId = bos,
            EosId = eos,
        };
    }

    private static List<(string Token, int Id)> OwnTokens(JsonElement model, string source)
    {
        var vocabulary = model.Object("vocab", source) ?? throw new TokenizerException($"{source}: a BPE model has a 'vocab', but this one has none; " +
            "the file is damaged.");
        var tokens = new List<(string Token, int Id)>();
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in vocabulary.EnumerateObject())
        {
            var token = entry.NameAsText(source);
            var id = entry.Value.Id($"the id of '{Vocabulary.Shown(token)}'", source);
            if (!seen.TryAdd(token, id))
                throw new TokenizerException($"{source}: each token occurs once, but '{Vocabulary.Shown(token)}' has the ids {seen[token]} and {id}; " +
                    "the file is damaged.");
            tokens.Add((token, id));
        }
        return tokens;
    }

    private static List<(string Spelling, AddedToken Token)> AddedTokens(
        JsonElement root, string source, IReadOnlyList<Func<string, string>> normalizers, Dictionary<string, int> own)
    {
        var tokens = new List<(string, AddedToken)>();
        foreach (var entry in root.Array("added_tokens", source)?.EnumerateArray() ?? default)
        {
            var content = entry.Text("content", source);
            if (string.IsNullOrEmpty(content)) throw new TokenizerException($"{source}: an added token has a 'content', but one has none.");
            var id = (entry.Field("id") ?? throw new TokenizerException($"{source}: an added token has an 'id', but '{Vocabulary.Shown(content)}' has none."))
                .Id($"the id of the added token '{Vocabulary.Shown(content)}'", source);
            if (own.TryGetValue(content, out var ownId) && ownId != id)
                throw new TokenizerException($"{source}: each token has one id, but '{Vocabulary.Shown(content)}' has {ownId} in the vocabulary and " +
                    $"{id} among the added tokens; the file is damaged.");
            var inNormalizedText = entry.Flag("normalized", source) && normalizers.Count > 0;
            var searched = inNormalizedText ? normalizers.Aggregate(content, (text, normalize) => normalize(text)) : content;
            tokens.Add((content, new AddedToken(searched, id, entry.Flag("special", source))
            {
                InNormalizedText = inNormalizedText,
                SingleWord = entry.Flag("single_word", source),
                StripLeft = entry.Flag("lstrip", source),
                StripRight = entry.Flag("rstrip", source),
            }));
        }
        return tokens;
    }

    private static List<(string Left, string Right)> Merges(JsonElement model, string source)
    {
        var merges = new List<(string, string)>();
        foreach (var entry in model.Array("merges", source)?.EnumerateArray() ?? default)
        {
            merges.Add(entry.ValueKind switch
            {
                JsonValueKind.String => MergeList.Parse(source, entry.AsText(source)),
                JsonValueKind.Array when entry.GetArrayLength() == 2 && entry.EnumerateArray().All(side => side.ValueKind == JsonValueKind.String) =>
                    (entry[0].AsText(source), entry[1].AsText(source)),
                _ => throw new TokenizerException($"{source}: a merge is a pair of tokens, but {Vocabulary.Shown(entry.GetRawText())} was found; " +
                    "the file is damaged."),
            });
        }
        return merges;
    }

    // Without a tokenizer_config.json, the token that the post-processor puts in front of a text is BOS.
    private static int? BosId(JsonElement root, string source, TokenNames names, Vocabulary vocabulary)
    {
        if (names.Bos is not null) return names.Require(names.Bos, vocabulary, source);
        if (root.Object("post_processor", source) is not { } post) return null;
        var template = post.Text("type", source) == "Sequence"
            ? post.Array("processors", source)?.EnumerateArray().FirstOrDefault(p => p.Text("type", source) == "TemplateProcessing") ?? default
            : post;
        if (template.ValueKind != JsonValueKind.Object || template.Array("single", source) is not { } single || single.GetArrayLength() == 0) return null;
        return single[0].Object("SpecialToken", source)?.Text("id", source) is { } name ? vocabulary.IdOf(name) : null;
    }
}
