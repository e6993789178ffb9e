using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using LST.Core.Text;
using LST.Core.Text.Formats;

namespace LST.Core.Tests.Text;

/// <summary>The tokenizers of the goldens, each opened once, in every form that their files allow.</summary>
internal static class Known
{
    private static readonly ConcurrentDictionary<string, ITokenizer> Opened = new();

    public static ITokenizer Open(string kind) => Opened.GetOrAdd(kind, static kind => kind switch
    {
        "llama2" => TokenizerFiles.FromFile(Shared.Require("data/tokenizers/llama2/tokenizer.model")),
        "mistral" => TokenizerFiles.FromFile(Shared.Require("data/tokenizers/mistral-7b/tokenizer.model")),
        "llama3" => TokenizerFiles.FromFile(Shared.Require("data/tokenizers/llama3/tokenizer.model"), Llama3Special()),
        "lst-ref" => TokenizerFiles.FromFile(LstRefJson),
        "smollm2" => TokenizerFiles.FromGguf(GgufMetadata.Read(Shared.Require("data/models/SmolLM2-135M-Instruct.Q4_1.gguf"))),
        "llama2.json" => FromJson(Llama2Json()),
        "llama2.gguf" => TokenizerFiles.FromGguf(SentencePieceAsGguf("data/tokenizers/llama2/tokenizer.model")),
        "mistral.gguf" => TokenizerFiles.FromGguf(SentencePieceAsGguf("data/tokenizers/mistral-7b/tokenizer.model")),
        "llama3.json" => FromJson(Llama3Json()),
        "llama3.gguf" => TokenizerFiles.FromGguf(JsonAsGguf(Llama3Json(), "llama-bpe")),
        "lst-ref.gguf" => TokenizerFiles.FromGguf(JsonAsGguf(Parse(LstRefJson), "qwen2")),
        _ => throw new ArgumentException(kind),
    });

    /// <summary>The reference model's own tokenizer, which ships with the project.</summary>
    public static string LstRefJson { get; } = Path.Combine(Shared.RepositoryRoot, "data", "models", "lst-ref", "tokenizer.json");

    public static ITokenizer FromJson(JsonNode json) =>
        HuggingFaceFile.Read(JsonSerializer.SerializeToUtf8Bytes(json), "tokenizer.json", new TokenNames());

    /// <summary>The published file with its four damaged no-break-space pieces repaired from the model file.</summary>
    public static JsonObject Llama2Json()
    {
        var json = Parse(Shared.Require("data/tokenizers/llama2/tokenizer.json"));
        var pieces = SentencePieceFile.Read(File.ReadAllBytes(Shared.Require("data/tokenizers/llama2/tokenizer.model")), "tokenizer.model").Pieces;
        var vocabulary = new JsonObject();
        foreach (var entry in json["model"]!["vocab"]!.AsObject()) vocabulary[pieces[entry.Value!.GetValue<int>()].Text] = entry.Value!.GetValue<int>();
        json["model"]!["vocab"] = vocabulary;
        var merges = json["model"]!["merges"]!.AsArray();
        for (var i = 0; i < merges.Count; i++)
        {
            // The damaged ones: no-break spaces turned into spaces on both sides of the separator.
            var line = merges[i]!.GetValue<string>();
            if (line.Trim(' ').Length == 0) merges[i] = new string('\u00A0', line.Length / 2) + " " + new string('\u00A0', line.Length / 2);
            else if (line == "\u2581  ") merges[i] = "\u2581 \u00A0";
        }
        return json;
    }

    private static JsonObject Parse(string path) => JsonNode.Parse(File.ReadAllText(path))!.AsObject();

    private static Dictionary<string, int> Llama3Special() =>
        JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(Shared.Require("goldens/tokenizers/llama3.special_tokens.json")))!;

    // As the converters of the field do it: every split of a token into two smaller ones, by rank.
    private static JsonObject Llama3Json()
    {
        var tokenizer = Open("llama3");
        var vocabulary = new JsonObject();
        var merges = new List<(int Rank, int Left, int Right, string Text)>();
        for (var rank = 0; rank < 128_000; rank++)
        {
            var token = tokenizer.TokenText(rank);
            vocabulary[token] = rank;
            for (var cut = 1; cut < token.Length; cut++)
                if (tokenizer.IdOf(token[..cut]) is { } left && tokenizer.IdOf(token[cut..]) is { } right && left < 128_000 && right < 128_000)
                    merges.Add((rank, left, right, $"{token[..cut]} {token[cut..]}"));
        }
        return new JsonObject
        {
            ["added_tokens"] = new JsonArray([.. Llama3Special().Select(s =>
                (JsonNode)new JsonObject { ["id"] = s.Value, ["content"] = s.Key, ["special"] = true, ["normalized"] = false })]),
            ["pre_tokenizer"] = JsonNode.Parse("""
                {"type":"Sequence","pretokenizers":[
                  {"type":"Split","behavior":"Isolated","invert":false,"pattern":{"Regex":
                    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"}},
                  {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]}
                """),
            ["post_processor"] = JsonNode.Parse("""
                {"type":"Sequence","processors":[{"type":"ByteLevel"},
                  {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|begin_of_text|>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}]}]}
                """),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE", ["ignore_merges"] = true, ["vocab"] = vocabulary,
                ["merges"] = new JsonArray([.. merges.OrderBy(m => (m.Rank, m.Left, m.Right)).Select(m => (JsonNode)m.Text)]),
            },
        };
    }

    private static Dictionary<string, object> SentencePieceAsGguf(string model)
    {
        var pieces = SentencePieceFile.Read(File.ReadAllBytes(Shared.Require(model)), model).Pieces;
        return new Dictionary<string, object>
        {
            ["tokenizer.ggml.model"] = "llama",
            ["tokenizer.ggml.tokens"] = pieces.Select(p => p.Text).ToArray(),
            ["tokenizer.ggml.scores"] = pieces.Select(p => (double)p.Score).ToArray(),
            ["tokenizer.ggml.token_type"] = pieces.Select(p => (long)p.Type).ToArray(),
            ["tokenizer.ggml.bos_token_id"] = 1UL,
            ["tokenizer.ggml.eos_token_id"] = 2L,
        };
    }

    private static Dictionary<string, object> JsonAsGguf(JsonObject json, string preTokenizer)
    {
        var tokens = json["model"]!["vocab"]!.AsObject().ToDictionary(e => e.Value!.GetValue<int>(), e => e.Key);
        var special = json["added_tokens"]!.AsArray().ToDictionary(t => t!["id"]!.GetValue<int>(), t => t!["content"]!.GetValue<string>());
        foreach (var (id, content) in special) tokens[id] = content;
        return new Dictionary<string, object>
        {
            ["tokenizer.ggml.model"] = "gpt2",
            ["tokenizer.ggml.pre"] = preTokenizer,
            ["tokenizer.ggml.tokens"] = Enumerable.Range(0, tokens.Count).Select(id => tokens[id]).ToArray(),
            ["tokenizer.ggml.token_type"] = Enumerable.Range(0, tokens.Count).Select(id => special.ContainsKey(id) ? 3L : 1L).ToArray(),
            ["tokenizer.ggml.merges"] = json["model"]!["merges"]!.AsArray()
                .Select(m => m is JsonArray pair ? $"{pair[0]} {pair[1]}" : m!.GetValue<string>()).ToArray(),
            ["tokenizer.ggml.bos_token_id"] = (long)special.First(s => s.Value == "<|begin_of_text|>").Key,
        };
    }
}
