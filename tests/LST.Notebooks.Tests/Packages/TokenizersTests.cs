using LST.Core.Tests;
using Microsoft.ML.Tokenizers;

namespace LST.Notebooks.Tests.Packages;

public class TokenizersTests
{
    [Fact]
    public void Byte_level_bpe_made_from_a_tiny_vocabulary_merges_and_restores()
    {
        // The byte-level alphabet writes a space as U+0120.
        string[] pieces = ["l", "o", "w", "e", "r", "\u0120", "lo", "low", "er", "\u0120low"];
        var options = new BpeOptions(pieces.Select((piece, id) => new KeyValuePair<string, int>(piece, id)))
        {
            Merges = ["l o", "lo w", "e r", "\u0120 low"],
            ByteLevel = true,
            PreTokenizer = new RegexPreTokenizer(new System.Text.RegularExpressions.Regex(@" ?\w+"), null),
        };
        var tokenizer = BpeTokenizer.Create(options);

        var ids = tokenizer.EncodeToIds("lower low");

        Assert.Equal([7, 8, 9], ids);
        Assert.Equal("lower low", tokenizer.Decode(ids));
    }

    [Fact]
    public void The_sentencepiece_model_of_llama_2_loads_and_restores_its_text()
    {
        using var stream = File.OpenRead(Shared.Require("data/tokenizers/llama2/tokenizer.model"));
        var tokenizer = LlamaTokenizer.Create(stream);

        var ids = tokenizer.EncodeToIds("Hello world");

        Assert.Equal([1, 15043, 3186], ids);
        Assert.Equal("Hello world", tokenizer.Decode(ids));
    }
}
