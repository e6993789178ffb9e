using System.Text.Json.Nodes;
using LST.Core.Text;
using LST.Core.Text.Formats;
using LST.Core.Text.Splitting;

namespace LST.Core.Tests.Text;

public sealed class TokenizerFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lst-tokenizers").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_folder_s_tokenizer_json_takes_bos_and_eos_from_its_config()
    {
        var tokenizer = TokenizerFiles.ForFolder(Path.GetDirectoryName(Known.LstRefJson)!);

        Assert.Equal((0, 1), (tokenizer.BosId, tokenizer.EosId));
        Assert.Equal("byte-level-bpe (tokenizer.json)", tokenizer.Description);
    }

    [Fact]
    public void A_folder_s_tokenizer_model_wins_over_its_tokenizer_json()
    {
        var tokenizer = TokenizerFiles.ForFolder(Shared.Require("data/tokenizers/llama2"));

        Assert.Equal("sentencepiece-bpe (tokenizer.model)", tokenizer.Description);
        Assert.Equal((1, 2, 32000), (tokenizer.BosId, tokenizer.EosId, tokenizer.VocabularySize));
        Assert.Equal(1, tokenizer.IdOf("<s>"));
    }

    [Fact]
    public void The_published_llama2_tokenizer_json_is_refused_for_its_damaged_merges() =>
        Assert.Contains("merge", Assert.Throws<TokenizerException>(() => TokenizerFiles.FromFile(Shared.Require("data/tokenizers/llama2/tokenizer.json"))).Message);

    [Fact]
    public void A_tiktoken_folder_has_llama_3_1_s_special_tokens_unless_its_config_names_others()
    {
        File.Copy(Shared.Require("data/tokenizers/llama3/tokenizer.model"), Path.Combine(_folder, "tokenizer.model"));
        var plain = TokenizerFiles.ForFolder(_folder);
        File.WriteAllText(Path.Combine(_folder, "tokenizer_config.json"),
            """{"bos_token":"<|x|>","added_tokens_decoder":{"128000":{"content":"<|x|>","special":true},"128001":{"content":"<|y|>","special":true}}}""");
        var named = TokenizerFiles.ForFolder(_folder);

        Assert.Equal((128000, 128001, 128256), (plain.BosId, plain.EosId, plain.VocabularySize));
        Assert.Equal([128009], plain.Encode("<|eot_id|>", parseSpecial: true));
        foreach (var (token, id) in JsonNode.Parse(File.ReadAllText(Shared.Require("goldens/tokenizers/llama3.special_tokens.json")))!.AsObject())
            Assert.Equal(id!.GetValue<int>(), plain.IdOf(token));
        Assert.Equal(128000, named.BosId);
        Assert.Equal([128001], named.Encode("<|y|>", parseSpecial: true));
        Assert.Null(named.IdOf("<|eot_id|>"));
    }

    [Fact]
    public void Tokens_that_a_config_adds_behind_a_sentencepiece_model_are_cut_out()
    {
        File.Copy(Shared.Require("data/tokenizers/llama2/tokenizer.model"), Path.Combine(_folder, "tokenizer.model"));
        File.WriteAllText(Path.Combine(_folder, "tokenizer_config.json"),
            """{"eos_token":{"content":"<|im_end|>"},"added_tokens_decoder":{"0":{"content":"<unk>"},"32000":{"content":"<|im_end|>","special":true},"32001":{"content":"<word>","special":false}}}""");

        var tokenizer = TokenizerFiles.ForFolder(_folder);

        Assert.Equal((32000, 32002), (tokenizer.EosId, tokenizer.VocabularySize));
        Assert.Equal([15043, 32000], tokenizer.Encode("Hello<|im_end|>", parseSpecial: true));
        Assert.Equal([15043, 32001], tokenizer.Encode("Hello<word>"));
        Assert.Equal("Hello<|im_end|>", tokenizer.Decode([15043, 32000]));
        Assert.Equal("Hello", tokenizer.Decode([15043, 32000], skipSpecial: true));
    }

    [Fact]
    public void Added_tokens_are_found_leftmost_and_longest_with_their_flags()
    {
        var tokens = new AddedTokens(
        [
            new("<a>", 1, IsSpecial: true), new("<a>b", 2, IsSpecial: true), new("word", 3, IsSpecial: false) { SingleWord = true },
            new("[M]", 4, IsSpecial: false) { StripLeft = true, StripRight = true },
        ]);

        Assert.Equal([new(0, 4, 2), new(4, 3, 1)], tokens.Cut("<a>b<a>", parseSpecial: true));
        Assert.Equal([new(0, 7, -1)], tokens.Cut("<a>b<a>", parseSpecial: false));
        Assert.Equal([new(0, 4, 3), new(4, 7, -1), new(11, 4, 3)], tokens.Cut("word words word", parseSpecial: false));
        Assert.Equal([new(0, 1, -1), new(1, 7, 4), new(8, 1, -1)], tokens.Cut("x  [M]  y", parseSpecial: false));
        Assert.Empty(tokens.Cut("", parseSpecial: true));
    }

    [Theory]
    [InlineData("default", "Hello|,| |123|45| |$|5|+|x|'|s")]
    [InlineData("gpt-2", "Hello|,| 12345| $|5|+|x|'s")]
    [InlineData("smollm", "Hello|,| |1|2|3|4|5| $|5|+|x|'s")]
    [InlineData("llama-bpe", "Hello|,| |123|45| $|5|+x|'s")]
    [InlineData("qwen2", "Hello|,| |1|2|3|4|5| $|5|+x|'s")]
    public void Gguf_pre_tokenizers_split_as_their_names_say(string name, string expected)
    {
        const string text = "Hello, 12345 $5+x's";

        var parts = GgufTokenizer.SplitterOf(name).Split(text).Select(p => text.Substring(p.Start, p.Length));

        // The default cuts punctuation out first, so that its contractions never match.
        Assert.Equal(expected.Split('|'), parts);
    }

    [Fact]
    public void Possessive_quantifiers_are_read_as_atomic_groups()
    {
        var splitter = new TextSplitter(new TextPattern(@"[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"));
        const string text = "Hello world 12345!!\n  x";

        Assert.Equal(["Hello", " world", " ", "123", "45", "!!\n", " ", " x"], splitter.Split(text).Select(p => text.Substring(p.Start, p.Length)));
    }

    [Fact]
    public void Canonical_composition_joins_what_the_runtime_or_icu_can_join()
    {
        Assert.Equal("plain é", CanonicalComposition.Normalize("plain é", "x"));
        try
        {
            Assert.Equal("\u00E9 \uAC00 \u03A9 \u0958".Replace("\u0958", "\u0915\u093C"), CanonicalComposition.Normalize("e\u0301 \u1100\u1161 \u2126 \u0958", "x"));
        }
        catch (TokenizerException error)
        {
            Assert.Contains("libicu", error.Message);
            Assert.Skip("ICU is not installed");
        }
    }
}
