using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using LST.Core.Tests.Models.Checkpoints;
using static TorchSharp.torch;

namespace LST.Cli.Tests;

public sealed class BrokenModelTests : IDisposable
{
    private readonly CliRun cli = new();
    private readonly string text;

    public BrokenModelTests() => text = cli.Write("text.txt", string.Join(' ', Enumerable.Range(0, 300)));

    public static TheoryData<string, string> Weights { get; } = new()
    {
        { "empty", "must begin with an 8-byte header length; the file has 0 bytes" },
        { "truncated in the header", "must lie inside the file" },
        { "truncated in the data", "(a truncated copy?)" },
        { "one byte more", "1 bytes are left over" },
        { "header longer than any file", "header" },
        { "overlap", "must not overlap" },
        { "gap", "without a gap" },
        { "not JSON", "header" },
        { "missing", "must hold model.safetensors or model.safetensors.index.json" },
        { "pickle", "is a pickle file, which can run any program when it is opened, so it is refused" },
        { "shard missing", "model-00002-of-00002.safetensors is missing" },
    };

    public static TheoryData<string, string, string> Configs { get; } = new()
    {
        { "\"model_type\": \"llama\"", "\"model_type\": \"gpt2\"", "model_type must be one of llama, mistral, qwen2; found \"gpt2\"" },
        { "\"hidden_size\": 256", "\"hidden_size\": -1", "hidden_size" },
        { "\"hidden_size\": 256,", "", "\"hidden_size\" is missing" },
        { "\"hidden_size\": 256", "\"hidden_size\": 128", "model.embed_tokens.weight" },
        { "\"num_hidden_layers\": 8", "\"num_hidden_layers\": 9", "model.layers.8." },
        { "\"num_hidden_layers\": 8", "\"num_hidden_layers\": 7", "model.layers.7." },
        { "\"num_hidden_layers\": 8", "\"num_hidden_layers\": 1e99", "num_hidden_layers" },
        { "\"num_key_value_heads\": 4", "\"num_key_value_heads\": 3", "must be a multiple of the key/value heads" },
        { "\"head_dim\": 64", "\"head_dim\": 63", "must be even" },
        { "\"vocab_size\": 8192", "\"vocab_size\": 8191", "model.embed_tokens.weight" },
        { "\"hidden_act\": \"silu\"", "\"hidden_act\": \"gelu\"", "hidden_act must be silu" },
        { "\"rope_theta\": 10000.0", "\"rope_theta\": 10000.0, \"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4}", "yarn" },
        { "\"bos_token_id\": 0", "\"bos_token_id\": 8192", "bos_token_id" },
        { "{", "", "config.json" },
        { "{", "[{", "config.json" },
    };

    public static TheoryData<string, string?, string> Tokenizers { get; } = new()
    {
        { "missing", null, "a tokenizer is a tokenizer.model or a tokenizer.json, but the folder has neither" },
        { "empty", "", "tokenizer.json" },
        { "cut", "{\"version\": \"1.0\", \"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0", "tokenizer.json" },
        { "without a model", "{}", "tokenizer.json" },
        { "of another kind", "{\"model\": {\"type\": \"Unigram\", \"vocab\": []}}", "Unigram" },
        { "a page of the web", "<html></html>", "tokenizer.json" },
    };

    public static TheoryData<string, string> Ggufs { get; } = new()
    {
        { "empty", "model.gguf" },
        { "another file", "model.gguf" },
        { "truncated in the fields", "model.gguf" },
        { "truncated in the data", "must lie inside the file" },
        { "absurd number of fields", "model.gguf" },
        { "absurd number of tensors", "model.gguf" },
        { "absurd length of a text", "model.gguf" },
        { "offset outside", "must lie inside the file" },
        { "unknown format", "999" },
        { "version 99", "99" },
        { "tensor missing", "blk.0.ffn_up.weight is missing" },
        { "without tokenizer", "tokenizer.ggml" },
    };

    [Theory]
    [MemberData(nameof(Weights))]
    public void Broken_weights_are_one_sentence(string what, string sentence)
    {
        var model = BrokenModel.CopyOfReference(cli);
        BrokenModel.Replace(model, path => WriteWeights(what, path));

        Refuses(model, sentence);
    }

    [Theory]
    [MemberData(nameof(Configs))]
    public void An_impossible_config_is_one_sentence(string from, string to, string sentence)
    {
        var model = BrokenModel.CopyOfReference(cli);
        var path = Path.Combine(model, "config.json");
        var config = File.ReadAllText(path);
        var at = config.IndexOf(from, StringComparison.Ordinal);
        Assert.True(at >= 0);
        File.WriteAllText(path, config[..at] + to + config[(at + from.Length)..]);

        Refuses(model, sentence);
    }

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void A_broken_tokenizer_is_one_sentence(string what, string? content, string sentence)
    {
        Assert.NotEmpty(what);
        var model = BrokenModel.CopyOfReference(cli);
        var path = Path.Combine(model, "tokenizer.json");
        File.Delete(path);
        if (content is not null) File.WriteAllText(path, content);

        Refuses(model, sentence);
    }

    [Theory]
    [MemberData(nameof(Ggufs))]
    public void A_broken_GGUF_file_is_one_sentence(string what, string sentence) => Refuses(cli.Write("model.gguf", Gguf(what)), sentence);

    [Theory]
    [InlineData("model.pt", "is a pickle file")]
    [InlineData("model.safetensors", "must be a Hugging Face folder or a .gguf file; it is neither; name the folder that holds config.json")]
    public void A_file_of_another_kind_is_no_model(string name, string sentence) => Refuses(cli.Write(name, "PK"), sentence);

    [Fact]
    public void A_folder_without_a_config_is_no_model() => Refuses(Directory.CreateDirectory(cli.At("model")).FullName, "config.json is missing");

    [Fact]
    public void A_missing_tensor_is_named() =>
        Refuses(BrokenModel.Tiny(cli, change: weights => weights.Remove("model.layers.1.mlp.up_proj.weight")), "model.layers.1.mlp.up_proj.weight is missing");

    [Fact]
    public void A_tokenizer_of_a_larger_vocabulary_than_the_model_is_noticed() =>
        Refuses(BrokenModel.Tiny(cli), "but the embedding has 16 rows");

    [Fact]
    public void A_model_without_a_BOS_is_refused_before_its_weights_are_read()
    {
        var model = BrokenModel.Tiny(cli, BrokenModel.TinyConfig.Replace("\"bos_token_id\": 1, ", "", StringComparison.Ordinal));
        File.WriteAllText(Path.Combine(model, "tokenizer_config.json"), "{}");
        // What stands in front of a text by the post-processor would be taken for BOS.
        var tokenizer = JsonNode.Parse(File.ReadAllText(Path.Combine(model, "tokenizer.json")))!;
        tokenizer["post_processor"] = null;
        File.WriteAllText(Path.Combine(model, "tokenizer.json"), tokenizer.ToJsonString());

        var result = Run(model);

        result.FailsWith(1, "neither its config nor its tokenizer names a BOS id");
        Assert.Single(result.ErrorLines);
    }

    [Fact]
    public void Weights_that_are_not_numbers_end_in_a_sentence_and_no_record() =>
        Refuses(BrokenModel.Tiny(cli, BrokenModel.TinyConfig.Replace("\"vocab_size\": 16", "\"vocab_size\": 8192", StringComparison.Ordinal),
            weights => weights["model.norm.weight"] = full([8], float.NaN)), "the loss of scored id 0 is NaN");

    [Fact]
    public void A_model_that_cannot_be_read_by_generate_is_the_same_sentence()
    {
        var model = BrokenModel.CopyOfReference(cli);
        BrokenModel.Replace(model, path => File.WriteAllBytes(path, BrokenModel.FirstBytes(100_000)));

        cli.Refuses(1, ["(a truncated copy?)"], "generate", "--prompt", "hi", "--model", model);
    }

    public void Dispose() => cli.Dispose();

    private CliResult Run(string model) => cli.Run("eval", "ppl", "--model", model, "--text", text, "--prefix", "16", "--suffix", "8", "--chunks", "1", "--methods", "streaming", "--ratios", "2");

    private void Refuses(string model, string sentence)
    {
        var files = cli.Files();
        Run(model).FailsWith(1, sentence);
        Assert.Equal(files, cli.Files());
    }

    private static void WriteWeights(string what, string path)
    {
        switch (what)
        {
            case "missing": break;
            case "pickle": File.WriteAllText(Path.ChangeExtension(path, ".bin"), "PK"); break;
            case "empty": File.WriteAllBytes(path, []); break;
            case "truncated in the header": File.WriteAllBytes(path, BrokenModel.FirstBytes(1000)); break;
            case "truncated in the data": File.WriteAllBytes(path, BrokenModel.FirstBytes(100_000)); break;
            case "one byte more": File.WriteAllBytes(path, [.. File.ReadAllBytes(Path.Combine(BrokenModel.Reference, "model.safetensors")), 0]); break;
            case "header longer than any file": File.WriteAllBytes(path, [.. BitConverter.GetBytes(ulong.MaxValue / 2), .. "{}"u8]); break;
            case "overlap": File.WriteAllBytes(path, Safetensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12)); break;
            case "gap": File.WriteAllBytes(path, Safetensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}", 12)); break;
            case "not JSON": File.WriteAllBytes(path, Safetensors("{\"a\":", 0)); break;
            case "shard missing":
                File.WriteAllText(path + ".index.json", "{\"weight_map\": {\"model.norm.weight\": \"model-00002-of-00002.safetensors\"}}");
                break;
            default: throw new ArgumentException(what);
        }
    }

    private static byte[] Safetensors(string header, int dataBytes)
    {
        var bytes = new byte[8 + Encoding.UTF8.GetByteCount(header) + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, Encoding.UTF8.GetByteCount(header));
        Encoding.UTF8.GetBytes(header).CopyTo(bytes, 8);
        return bytes;
    }

    private static byte[] Gguf(string what)
    {
        var tiny = GgufBuilder.Tiny();
        switch (what)
        {
            case "empty": return [];
            case "another file": return "PNG, perhaps"u8.ToArray();
            case "truncated in the fields": return tiny.ToBytes()[..100];
            case "truncated in the data": return tiny.ToBytes()[..^100];
            case "absurd number of fields": tiny.ClaimedFields = ulong.MaxValue; break;
            case "absurd number of tensors": tiny.ClaimedTensors = 1ul << 40; break;
            case "absurd length of a text": tiny.Set("general.name", GgufBuilder.Typed(8, [.. BitConverter.GetBytes(1ul << 50), .. "x"u8])); break;
            case "offset outside": tiny.Change("blk.0.ffn_up.weight", tensor => tensor with { Offset = 1ul << 40 }); break;
            case "unknown format": tiny.Change("blk.0.ffn_up.weight", tensor => tensor with { Type = 999 }); break;
            case "version 99": tiny.Version = 99; break;
            case "tensor missing": tiny.Drop("blk.0.ffn_up.weight"); break;
            case "without tokenizer": break;
            default: throw new ArgumentException(what);
        }
        return tiny.ToBytes();
    }
}
