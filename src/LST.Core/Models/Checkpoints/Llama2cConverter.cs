using System.Text.Json;
using static TorchSharp.torch;

namespace LST.Core.Models.Checkpoints;

/// <summary>Turns a llama2.c checkpoint (legacy fp32 format) and its vocabulary into a Hugging Face folder that reads like any other.</summary>
public static class Llama2cConverter
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>
    /// Writes <c>config.json</c>, <c>model.safetensors</c> (fp32, q and k rows half-split), <c>tokenizer.model</c> and <c>tokenizer_config.json</c>.
    /// Everything is made in a folder beside, read back, and renamed: there is never a half folder.
    /// </summary>
    /// <param name="binPath">The checkpoint.</param>
    /// <param name="tokenizerPath">Its vocabulary file (<c>tok512.bin</c>, <c>tokenizer.bin</c>).</param>
    /// <param name="outFolder">Folder to make; it may exist if it is empty.</param>
    /// <exception cref="ModelFileException">An input is malformed, the two do not belong together, or the folder holds something already.</exception>
    public static void Convert(string binPath, string tokenizerPath, string outFolder)
    {
        using var model = Llama2cModel.Open(binPath);
        var pieces = Llama2cTokenizer.Read(tokenizerPath, model.Config.VocabularySize);
        AtomicFolder.Write(outFolder, folder =>
        {
            WriteText(folder, "config.json", Config(model.Config));
            WriteText(folder, "tokenizer_config.json", TokenizerConfig());
            AtomicFile.Write(System.IO.Path.Combine(folder, "tokenizer.model"), stream => stream.Write(SentencePieceModel.ToBytes(pieces)));
            var weights = WeightPlan.Of(model.Config)
                .Select(weight => new PendingTensor(weight.Name, ScalarType.Float32, weight.Shape, () => model.Read(weight.Name)));
            SafetensorsWriter.Write(System.IO.Path.Combine(folder, "model.safetensors"), weights, new Dictionary<string, string> { ["format"] = "pt" });
            ModelFolder.Open(folder).Dispose();
        });
    }

    private static void WriteText(string folder, string name, Dictionary<string, object> fields) =>
        AtomicFile.Write(System.IO.Path.Combine(folder, name), stream => JsonSerializer.Serialize(stream, fields, Indented));

    private static Dictionary<string, object> Config(ModelConfig config) => new()
    {
        ["architectures"] = new[] { "LlamaForCausalLM" },
        ["model_type"] = config.ModelType,
        ["hidden_size"] = config.HiddenSize,
        ["intermediate_size"] = config.IntermediateSize,
        ["num_hidden_layers"] = config.Layers,
        ["num_attention_heads"] = config.QueryHeads,
        ["num_key_value_heads"] = config.KeyValueHeads,
        ["head_dim"] = config.HeadDim,
        ["vocab_size"] = config.VocabularySize,
        ["max_position_embeddings"] = config.MaxPositions,
        ["rms_norm_eps"] = config.RmsNormEpsilon,
        ["rope_theta"] = config.RopeTheta,
        ["tie_word_embeddings"] = config.TiedHead,
        ["hidden_act"] = "silu",
        ["attention_bias"] = false,
        ["mlp_bias"] = false,
        ["bos_token_id"] = config.BosId!,
        ["eos_token_id"] = config.EosIds[0],
        ["torch_dtype"] = "float32",
    };

    private static Dictionary<string, object> TokenizerConfig() => new()
    {
        ["tokenizer_class"] = "LlamaTokenizer",
        ["add_bos_token"] = true,
        ["add_eos_token"] = false,
        ["unk_token"] = "<unk>",
        ["bos_token"] = "<s>",
        ["eos_token"] = "</s>",
    };
}
