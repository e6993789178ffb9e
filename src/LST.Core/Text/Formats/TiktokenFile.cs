using System.Buffers.Text;
using System.Text;
using LST.Core.Text.Merging;
using LST.Core.Text.Splitting;

namespace LST.Core.Text.Formats;

/// <summary>Reads <c>tokenizer.model</c> files of Llama-3: tiktoken ranks, a line <c>base64 rank</c> for each token.</summary>
internal static class TiktokenFile
{
    private const int Llama3Ranks = 128_000;

    /// <summary>Builds the tokenizer; the split pattern is Llama-3's, which the file does not hold.</summary>
    /// <param name="file">The file's bytes.</param>
    /// <param name="source">Name for messages.</param>
    /// <param name="specialTokens">Names and ids; null: those of Llama-3.1 if the file has its 128,000 ranks, else none.</param>
    /// <param name="names">BOS and EOS as the folder names them.</param>
    /// <exception cref="TokenizerException">Not lines of ranks, duplicates, gaps, or byte tokens missing.</exception>
    internal static ITokenizer Read(byte[] file, string source, IReadOnlyDictionary<string, int>? specialTokens, TokenNames names)
    {
        var ranks = Ranks(file, source);
        var special = specialTokens ?? (ranks.Count == Llama3Ranks ? Llama3SpecialTokens() : new Dictionary<string, int>());
        var tokens = ranks.Select((bytes, rank) => (ByteAlphabet.Spell(bytes), rank));
        var vocabulary = Vocabulary.Create(source, tokens.Concat(special.Select(s => (s.Key, s.Value))));
        for (var value = 0; value < 256; value++)
            if (vocabulary.IdOf(ByteAlphabet.Spell((byte)value).ToString()) is null)
                throw new TokenizerException($"{source}: tiktoken ranks hold all 256 single bytes, but byte 0x{value:X2} is missing; the file is " +
                    "truncated or damaged.");
        var ids = special.Values.ToHashSet();
        return new PipelineTokenizer([.. special.Select(s => new AddedToken(s.Key, s.Value, IsSpecial: true))])
        {
            Description = $"tiktoken ({Path.GetFileName(source)})",
            Vocabulary = vocabulary,
            Model = new ByteLevelModel(vocabulary, id => id < ranks.Count, LibraryBpe.FromRanks(Lines(ranks)), () => Merges(vocabulary, ranks.Count))
            {
                Splitter = new TextSplitter(new TextPattern(TextPattern.Llama3)),
                TakesWholeParts = true,
            },
            Decoder = new ByteLevelDecoder(vocabulary, ids.Contains),
            BosId = names.Bos is null ? vocabulary.IdOf("<|begin_of_text|>") : names.Require(names.Bos, vocabulary, source),
            EosId = names.Eos is null ? vocabulary.IdOf("<|end_of_text|>") : names.Require(names.Eos, vocabulary, source),
        };
    }

    private static List<byte[]> Ranks(byte[] file, string source)
    {
        var byRank = new SortedDictionary<int, byte[]>();
        var number = 0;
        foreach (var range in file.AsSpan().Split((byte)'\n'))
        {
            number++;
            var line = file.AsSpan(range).TrimEnd((byte)'\r');
            if (line.IsEmpty && range.End.GetOffset(file.Length) == file.Length) break;
            if (ParseLine(line) is not var (bytes, rank))
                throw new TokenizerException($"{source}: each line of tiktoken ranks is base64, a space and a rank, but line {number} is not; the " +
                    "file is truncated or of another kind.");
            if (rank is < 0 or >= Vocabulary.MaxSize) throw new TokenizerException($"{source}: ranks are 0 to {Vocabulary.MaxSize - 1}, but line " +
                $"{number} has {rank}.");
            if (!byRank.TryAdd(rank, bytes)) throw new TokenizerException($"{source}: each rank occurs once, but line {number} repeats rank {rank}; " +
                "the file is damaged.");
        }
        if (byRank.Count == 0 || byRank.Last().Key != byRank.Count - 1)
            throw new TokenizerException($"{source}: ranks run from 0 without gaps, but {byRank.Count} ranks end at " +
                $"{(byRank.Count == 0 ? -1 : byRank.Last().Key)}; the file is damaged.");
        return [.. byRank.Values];
    }

    private static (byte[] Token, int Rank)? ParseLine(ReadOnlySpan<byte> line)
    {
        var space = line.IndexOf((byte)' ');
        if (space <= 0 || Base64Bytes(line[..space]) is not { } token) return null;
        var number = line[(space + 1)..];
        return Utf8Parser.TryParse(number, out int rank, out var used) && used == number.Length ? (token, rank) : null;
    }

    private static byte[]? Base64Bytes(ReadOnlySpan<byte> text)
    {
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(text.Length)];
        var status = Base64.DecodeFromUtf8(text, bytes, out _, out var written);
        return status == System.Buffers.OperationStatus.Done && written > 0 ? bytes[..written] : null;
    }

    // The library's reader never returns from a blank line, so it gets lines written anew.
    private static byte[] Lines(List<byte[]> ranks) =>
        Encoding.ASCII.GetBytes(string.Concat(ranks.Select((bytes, rank) => $"{Convert.ToBase64String(bytes)} {rank}\n")));

    private static MergeTable Merges(Vocabulary vocabulary, int ranks)
    {
        var merges = new MergeTable(2 * ranks);
        for (var rank = 0; rank < ranks; rank++)
            merges.SetSplits<char>(vocabulary.TokenText(rank), rank, rank, stretch => vocabulary.IdOf(stretch) is { } id && id < ranks ? id : null);
        return merges;
    }

    private static Dictionary<string, int> Llama3SpecialTokens()
    {
        string[] first =
        [
            "begin_of_text", "end_of_text", "reserved_special_token_0", "reserved_special_token_1", "finetune_right_pad_id",
            "reserved_special_token_2", "start_header_id", "end_header_id", "eom_id", "eot_id", "python_tag",
        ];
        return first.Concat(Enumerable.Range(3, 245).Select(i => $"reserved_special_token_{i}"))
            .Select((name, i) => (Name: $"<|{name}|>", Id: Llama3Ranks + i)).ToDictionary(t => t.Name, t => t.Id);
    }
}
