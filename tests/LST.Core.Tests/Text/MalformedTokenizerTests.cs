using System.Buffers.Binary;
using System.Text;
using CsCheck;
using LST.Core.Text;

namespace LST.Core.Tests.Text;

/// <summary>Every damaged file gives one sentence, and never another exception.</summary>
public sealed class MalformedTokenizerTests : IDisposable
{
    private const string ByteLevelJson = """
        {"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"added_tokens":[{"id":4,"content":"<s>","special":true}],
         "model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2,"abb":3},"merges":["a b","ab b"]}}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("lst-tokenizers").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_small_sound_file_of_each_kind_is_read()
    {
        Assert.Equal([3, 4, 0], Open(ByteLevelJson).Encode("abb<s>a", parseSpecial: true));
        Assert.Equal([259, 260, 3 + 'c'], Open(Model(SoundPieces())).Encode("abc"));
        Assert.Equal([256, 'c'], Open(Ranks(SoundRanks())).Encode("abc"));
        Assert.Equal([2], TokenizerFiles.FromGguf(SoundGguf()).Encode("ab"));
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("{", "JSON")]
    [InlineData("{\"model\":", "JSON")]
    [InlineData("[1]", "base64")]
    [InlineData("{}", "'model'")]
    [InlineData("{\"model\":3}", "'model'")]
    [InlineData("{\"model\":{\"type\":\"Unigram\"}}", "Unigram")]
    [InlineData("{\"model\":{\"type\":\"BPE\"}}", "'vocab'")]
    [InlineData("{\"model\":{\"vocab\":{}}}", "at least one token")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":\"x\"}}}", "whole number")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":1.5}}}", "whole number")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":-1}}}", "token ids are")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":99999999}}}", "token ids are")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":0,\"b\":0}}}", "both have id 0")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":0,\"a\":1}}}", "occurs once")]
    [InlineData("{\"model\":{\"vocab\":{\"\\ud800\":0}}}", "valid Unicode")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":0},\"merges\":[\"a b\"]}}", "which it lacks")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":0,\"b\":1},\"merges\":[\"a b\"]}}", "'ab', which it lacks")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":0},\"merges\":[\"a\"]}}", "one space")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":0},\"merges\":[\"a  b\"]}}", "one space")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":0},\"merges\":[[\"a\"]]}}", "pair of tokens")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":0},\"merges\":{}}}", "a list")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":0},\"byte_fallback\":true}}", "<0x00> is missing")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":0},\"byte_fallback\":1}}", "true or false")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":0},\"unk_token\":\"?\"}}", "unknown token")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":0},\"dropout\":0.1}}", "dropout")]
    [InlineData("{\"model\":{\"vocab\":{\"a\":0},\"end_of_word_suffix\":\"</w>\"}}", "end_of_word_suffix")]
    [InlineData("{\"added_tokens\":[{\"id\":1}],\"model\":{\"vocab\":{\"a\":0}}}", "'content'")]
    [InlineData("{\"added_tokens\":[{\"content\":\"b\"}],\"model\":{\"vocab\":{\"a\":0}}}", "'id'")]
    [InlineData("{\"added_tokens\":[{\"id\":1,\"content\":\"a\"}],\"model\":{\"vocab\":{\"a\":0}}}", "one id")]
    [InlineData("{\"added_tokens\":[{\"id\":0,\"content\":\"b\"}],\"model\":{\"vocab\":{\"a\":0}}}", "both have id 0")]
    [InlineData("{\"normalizer\":{\"type\":\"BertNormalizer\"},\"model\":{\"vocab\":{\"a\":0}}}", "BertNormalizer")]
    [InlineData("{\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"(\"}},\"model\":{\"vocab\":{\"a\":0}}}", "regular expressions lack")]
    [InlineData("{\"pre_tokenizer\":{\"type\":\"Whitespace\"},\"model\":{\"vocab\":{\"a\":0}}}", "Whitespace")]
    [InlineData("{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\\\\p{Han}\"},\"behavior\":\"Isolated\"},\"model\":{\"vocab\":{\"a\":0}}}", "regular expressions lack")]
    [InlineData("{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a\"},\"behavior\":\"Contiguous\"},\"model\":{\"vocab\":{\"a\":0}}}", "Contiguous")]
    [InlineData("{\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{},\"behavior\":\"Isolated\"},\"model\":{\"vocab\":{\"a\":0}}}", "split pattern")]
    [InlineData("{\"decoder\":{\"type\":\"WordPiece\"},\"model\":{\"vocab\":{\"a\":0}}}", "WordPiece")]
    [InlineData("GGUF....", "GGUF")]
    [InlineData("AA== 0\nAA", "line 2")]
    [InlineData("AA== 0\n\nAQ== 1\n", "line 2")]
    [InlineData("AA== 0\nAQ== 0\n", "repeats rank 0")]
    [InlineData("AA== 0\nAQ== 5\n", "without gaps")]
    [InlineData("AA== 99999999999\n", "line 1")]
    [InlineData("AA== -1\n", "ranks are")]
    [InlineData("AA== 0\nAQ== 1\n", "0x02 is missing")]
    [InlineData("AA== 0\nAA== 1\n", "occurs once")]
    public void A_damaged_text_file_is_refused_with_its_reason(string content, string reason) => Refuses(Encoding.UTF8.GetBytes(content), reason);

    [Fact]
    public void A_damaged_sentencepiece_model_is_refused_with_its_reason()
    {
        var sound = Model(SoundPieces());

        Refuses(sound[..(sound.Length / 2)], "truncated");
        Refuses([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], "announced");
        Refuses([0x0A, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], "64 bits");
        Refuses([0x0A, 0x02, 0x0A, 0x00, 0x12, 0x00], "has none");
        Refuses([0x0A, 0x04, 0x0A, 0x02, 0xFF, 0xFE], "UTF-8");
        Refuses(Model([("a", 0, 9)]), "type 9");
        Refuses(Model([("a", 0, 1), ("a", 0, 1)]), "occurs once");
        Refuses(Model([("a", 0, 1)]), "<0x00> is missing");
        Refuses(Model([.. SoundPieces(), ("x", float.NaN, 1)]), "NaN");
        Refuses(Model(SoundPieces(), modelType: 1), "model type 1");
        Refuses(Model(SoundPieces(), characterMap: "x"), "normalisation");
    }

    [Fact]
    public void Damaged_gguf_metadata_is_refused_with_its_reason()
    {
        RefusesGguf("tokenizer.ggml.model", null, "needs the field");
        RefusesGguf("tokenizer.ggml.model", "bert", "bert");
        RefusesGguf("tokenizer.ggml.model", 3L, "a text");
        RefusesGguf("tokenizer.ggml.pre", "deepseek-llm", "deepseek-llm");
        RefusesGguf("tokenizer.ggml.tokens", null, "tokenizer.ggml.tokens");
        RefusesGguf("tokenizer.ggml.tokens", Array.Empty<string>(), "1 to");
        RefusesGguf("tokenizer.ggml.tokens", new[] { "a", "a", "ab" }, "occurs once");
        RefusesGguf("tokenizer.ggml.merges", null, "tokenizer.ggml.merges");
        RefusesGguf("tokenizer.ggml.merges", new[] { "a c" }, "which it lacks");
        RefusesGguf("tokenizer.ggml.token_type", new[] { 1L }, "one type");
        RefusesGguf("tokenizer.ggml.token_type", new[] { 1L, 1L, 7L }, "type 7");
        RefusesGguf("tokenizer.ggml.bos_token_id", 3L, "an id of the 3 tokens");
        RefusesGguf("tokenizer.ggml.bos_token_id", "x", "whole number");
        RefusesGguf("tokenizer.ggml.model", "llama", "tokenizer.ggml.scores");
    }

    [Fact]
    public void A_folder_without_a_tokenizer_or_with_files_that_do_not_belong_together_is_refused()
    {
        Assert.Contains("has neither", Assert.Throws<TokenizerException>(() => TokenizerFiles.ForFolder(_folder)).Message);
        Assert.Contains("does not", Assert.Throws<TokenizerException>(() => TokenizerFiles.ForFolder(Path.Combine(_folder, "none"))).Message);
        Assert.Contains("does not", Assert.Throws<TokenizerException>(() => TokenizerFiles.FromFile(Path.Combine(_folder, "none"))).Message);

        File.WriteAllText(Path.Combine(_folder, "tokenizer.json"), ByteLevelJson);
        File.WriteAllText(Path.Combine(_folder, "tokenizer_config.json"), """{"bos_token":"<s>","eos_token":{"content":"</s>"}}""");
        Assert.Contains("'</s>'", Assert.Throws<TokenizerException>(() => TokenizerFiles.ForFolder(_folder)).Message);

        File.WriteAllText(Path.Combine(_folder, "tokenizer_config.json"), """{"bos_token":3}""");
        Assert.Contains("bos_token", Assert.Throws<TokenizerException>(() => TokenizerFiles.ForFolder(_folder)).Message);

        File.WriteAllText(Path.Combine(_folder, "tokenizer_config.json"), "{");
        Assert.Contains("JSON", Assert.Throws<TokenizerException>(() => TokenizerFiles.ForFolder(_folder)).Message);
    }

    [Fact]
    public void A_file_of_an_absurd_size_is_refused_before_it_is_read()
    {
        var path = Path.Combine(_folder, "huge");
        using (var file = File.Create(path)) file.SetLength(300L << 20);

        Assert.Contains("at most 256 MiB", Assert.Throws<TokenizerException>(() => TokenizerFiles.FromFile(path)).Message);
        Refuses(Encoding.UTF8.GetBytes($"{{\"model\":{{\"vocab\":{{\"{new string('a', 3000)}\":0}}}}}}"), "at most 2048 characters");
    }

    [Fact]
    public void Random_damage_never_gives_anything_but_one_sentence()
    {
        byte[][] sound = [Encoding.UTF8.GetBytes(ByteLevelJson), Model(SoundPieces()), Ranks(SoundRanks())];
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 100_000], Gen.Byte, Gen.Bool).Sample((which, at, value, cut) =>
        {
            var bytes = sound[which].ToArray();
            at %= bytes.Length;
            bytes[at] = value;
            if (cut) bytes = bytes[..at];
            try
            {
                var tokenizer = Open(bytes);
                tokenizer.Decode(tokenizer.Encode("ab abb \u00e9<s>", parseSpecial: true));
            }
            catch (TokenizerException error)
            {
                Assert.DoesNotContain('\n', error.Message);
            }
        }, iter: 2000, threads: 1);
    }

    private ITokenizer Open(string content) => Open(Encoding.UTF8.GetBytes(content));

    private ITokenizer Open(byte[] content)
    {
        var path = Path.Combine(_folder, "file");
        File.WriteAllBytes(path, content);
        return TokenizerFiles.FromFile(path);
    }

    private void Refuses(byte[] content, string reason)
    {
        var error = Assert.Throws<TokenizerException>(() => Open(content));
        Assert.Contains(reason, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    private static void RefusesGguf(string field, object? value, string reason)
    {
        var metadata = SoundGguf();
        if (value is null) metadata.Remove(field);
        else metadata[field] = value;
        Assert.Contains(reason, Assert.Throws<TokenizerException>(() => TokenizerFiles.FromGguf(metadata)).Message);
    }

    private static Dictionary<string, object> SoundGguf() => new()
    {
        ["tokenizer.ggml.model"] = "gpt2",
        ["tokenizer.ggml.tokens"] = new[] { "a", "b", "ab" },
        ["tokenizer.ggml.merges"] = new[] { "a b" },
    };

    private static IEnumerable<string> SoundRanks() => Enumerable.Range(0, 256).Select(b => Convert.ToBase64String([(byte)b])).Append(Convert.ToBase64String("ab"u8));

    private static byte[] Ranks(IEnumerable<string> tokens) => Encoding.ASCII.GetBytes(string.Concat(tokens.Select((t, rank) => $"{t} {rank}\n")));

    private static List<(string Text, float Score, int Type)> SoundPieces() =>
    [
        ("<unk>", 0, 2), ("<s>", 0, 3), ("</s>", 0, 3), .. Enumerable.Range(0, 256).Select(b => ($"<0x{b:X2}>", 0f, 6)),
        ("\u2581", -3, 1), ("ab", -1, 1), ("a", -4, 1), ("b", -5, 1),
    ];

    // A ModelProto with pieces, trainer_spec and normalizer_spec.
    private static byte[] Model(IEnumerable<(string Text, float Score, int Type)> pieces, byte modelType = 2, string characterMap = "")
    {
        var file = new List<byte>();
        foreach (var (text, score, type) in pieces)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            var scoreBytes = new byte[4];
            BinaryPrimitives.WriteSingleLittleEndian(scoreBytes, score);
            byte[] piece = [0x0A, (byte)bytes.Length, .. bytes, 0x15, .. scoreBytes, 0x18, (byte)type];
            file.AddRange([0x0A, (byte)piece.Length, .. piece]);
        }
        file.AddRange([0x12, 5, 0x18, modelType, 0x98, 0x02, 1]);
        var map = Encoding.UTF8.GetBytes(characterMap);
        file.AddRange([0x1A, (byte)(4 + map.Length), 0x12, (byte)map.Length, .. map, 0x20, 0]);
        return [.. file];
    }
}
