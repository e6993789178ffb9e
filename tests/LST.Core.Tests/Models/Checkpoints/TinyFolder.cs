using LST.Core.Models;
using LST.Core.Models.Checkpoints;
using static TorchSharp.torch;

namespace LST.Core.Tests.Models.Checkpoints;

/// <summary>Writes small complete model folders, to be broken in one place by a test.</summary>
internal static class TinyFolder
{
    public const string Config = """
        {"model_type": "llama", "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
         "vocab_size": 16, "max_position_embeddings": 32, "rms_norm_eps": 1e-5, "bos_token_id": 1, "eos_token_id": 2}
        """;

    /// <summary>Random weights as the config asks for; the caller disposes them.</summary>
    public static Dictionary<string, Tensor> Weights(string config, ScalarType type = ScalarType.Float32)
    {
        var weights = new Dictionary<string, Tensor>();
        foreach (var (name, shape) in WeightPlan.Of(HuggingFaceConfig.FromJson(config))) weights[name] = randn(shape).to(type);
        return weights;
    }

    /// <summary>Writes config and weights; <paramref name="change"/> may add, drop or replace weights first.</summary>
    public static string Write(TemporaryFolder folder, string config = Config, Action<Dictionary<string, Tensor>>? change = null)
    {
        using var scope = NewDisposeScope();
        folder.Write("config.json", config);
        var weights = Weights(config);
        change?.Invoke(weights);
        SafetensorsWriter.Write(folder.File("model.safetensors"), weights);
        return folder.Path;
    }

    /// <summary>Writes config, two shards and their index; <paramref name="change"/> may alter the map (tensor to shard) that is written.</summary>
    public static string WriteShards(TemporaryFolder folder, Action<Dictionary<string, string>>? change = null, string? inBoth = null)
    {
        using var scope = NewDisposeScope();
        folder.Write("config.json", Config);
        var weights = Weights(Config);
        var names = weights.Keys.ToArray();
        var map = names.ToDictionary(name => name, name => Shard(Array.IndexOf(names, name) < names.Length / 2 ? 1 : 2));
        foreach (var shard in new[] { 1, 2 })
            SafetensorsWriter.Write(folder.File(Shard(shard)), weights.Where(pair => map[pair.Key] == Shard(shard) || pair.Key == inBoth));
        change?.Invoke(map);
        folder.Write("model.safetensors.index.json", System.Text.Json.JsonSerializer.Serialize(new { metadata = new { total_size = 1 }, weight_map = map }));
        return folder.Path;
    }

    public static string Shard(int number) => $"model-0000{number}-of-00002.safetensors";
}
