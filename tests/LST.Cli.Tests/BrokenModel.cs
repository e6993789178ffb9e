using LST.Core.Models.Checkpoints;
using static TorchSharp.torch;

namespace LST.Cli.Tests;

/// <summary>Model folders to be broken in one place by a test: a copy of lst-ref whose weights are linked, or a tiny model of random weights.</summary>
internal static class BrokenModel
{
    public const string TinyConfig = """
        {"model_type": "llama", "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
         "vocab_size": 16, "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "bos_token_id": 1, "eos_token_id": 2}
        """;

    public static string Reference { get; } = Path.Combine(Shared.RepositoryRoot, "data", "models", "lst-ref");

    /// <summary>lst-ref's files in a folder of their own; the weights are a link, so that a test replaces and never writes through it.</summary>
    public static string CopyOfReference(CliRun cli)
    {
        var folder = Directory.CreateDirectory(cli.At("model")).FullName;
        foreach (var name in new[] { "config.json", "tokenizer.json", "tokenizer_config.json" }) File.Copy(Path.Combine(Reference, name), Path.Combine(folder, name));
        File.CreateSymbolicLink(Path.Combine(folder, "model.safetensors"), Path.Combine(Reference, "model.safetensors"));
        return folder;
    }

    /// <summary>A tiny model with lst-ref's tokenizer; <paramref name="change"/> may add, drop or replace weights.</summary>
    public static string Tiny(CliRun cli, string config = TinyConfig, Action<Dictionary<string, Tensor>>? change = null)
    {
        var folder = CopyOfReference(cli);
        File.WriteAllText(Path.Combine(folder, "config.json"), config);
        using var scope = NewDisposeScope();
        var weights = WeightPlan.Of(HuggingFaceConfig.FromJson(config)).ToDictionary(weight => weight.Name, weight => randn(weight.Shape));
        change?.Invoke(weights);
        Replace(folder, path => SafetensorsWriter.Write(path, weights));
        return folder;
    }

    /// <summary>Puts other bytes in the place of the weights.</summary>
    public static void Replace(string folder, Action<string> write)
    {
        var path = Path.Combine(folder, "model.safetensors");
        File.Delete(path);
        write(path);
    }

    /// <summary>The first bytes of lst-ref's weights.</summary>
    public static byte[] FirstBytes(int count)
    {
        var bytes = new byte[count];
        using var stream = File.OpenRead(Path.Combine(Reference, "model.safetensors"));
        stream.ReadExactly(bytes);
        return bytes;
    }
}
