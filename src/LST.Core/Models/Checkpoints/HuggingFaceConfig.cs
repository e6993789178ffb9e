namespace LST.Core.Models.Checkpoints;

/// <summary>
/// Reads <c>config.json</c> in both forms: the published one (<c>rope_theta</c> and <c>rope_scaling</c> at top level) and that of transformers 5
/// (<c>rope_parameters</c>). Keys that do not change the arithmetic are ignored; those that would change it in a way we do not have are refused by name.
/// </summary>
public static class HuggingFaceConfig
{
    private const int MostHeads = 65_536;
    private const int MostWidth = 1 << 24;
    private const int MostLayers = 4_096;
    private static readonly string[] ModelTypes = ["llama", "mistral", "qwen2"];

    /// <summary>Reads the shape of a model from the text of its config.</summary>
    /// <param name="json">Text of <c>config.json</c>.</param>
    /// <param name="generationJson">Text of <c>generation_config.json</c>, which may name a BOS and further ids that end a text; null: none.</param>
    /// <param name="source">What messages call the config.</param>
    /// <exception cref="ModelFileException">A field is missing, impossible or asks for something unsupported; the message names it.</exception>
    public static ModelConfig FromJson(string json, string? generationJson = null, string source = "config.json")
    {
        var fields = JsonFields.Parse(json, source);
        var type = fields.TextOrNull("model_type") ?? throw fields.Missing("model_type");
        if (!ModelTypes.Contains(type))
            throw new ModelFileException($"{source}: model_type must be one of {string.Join(", ", ModelTypes)}; found {Shown.Quote(type)};"
                + " this workbench reads Llama-family decoders only.");
        RefuseOtherArithmetic(fields, source);

        var hidden = fields.Count("hidden_size", 1, MostWidth);
        var heads = fields.Count("num_attention_heads", 1, MostHeads);
        var keyValueHeads = fields.CountOrNull("num_key_value_heads", 1, MostHeads) ?? heads;
        var headDim = HeadDim(fields, source, hidden, heads);
        var vocabulary = fields.Count("vocab_size", 1, MostWidth);
        var (bos, eos) = SpecialIds(fields, generationJson is null ? null : JsonFields.Parse(generationJson, GenerationSource(source)), vocabulary);
        var (theta, scaling) = HuggingFaceRope.Read(fields, source);
        var attentionBias = type == "llama" && (fields.FlagOrNull("attention_bias") ?? false);
        return new ModelConfig
        {
            ModelType = type,
            HiddenSize = hidden,
            IntermediateSize = fields.Count("intermediate_size", 1, MostWidth),
            Layers = fields.Count("num_hidden_layers", 1, MostLayers),
            QueryHeads = heads,
            KeyValueHeads = keyValueHeads,
            HeadDim = headDim,
            VocabularySize = vocabulary,
            MaxPositions = fields.Count("max_position_embeddings", 1, 1 << 30),
            RmsNormEpsilon = fields.Number("rms_norm_eps", 1e-30, 1),
            RopeTheta = theta,
            RopeScaling = scaling,
            SlidingWindow = SlidingWindow(fields, type, source),
            TiedHead = fields.FlagOrNull("tie_word_embeddings") ?? false,
            // Qwen2 has these biases whatever its config says; Mistral never has any.
            QkvBias = type == "qwen2" || attentionBias,
            OutputBias = attentionBias,
            MlpBias = type == "llama" && (fields.FlagOrNull("mlp_bias") ?? false),
            BosId = bos,
            EosIds = eos,
        }.Checked(source);
    }

    /// <summary>The rules between fields, which hold for a config from any file.</summary>
    internal static ModelConfig Checked(this ModelConfig config, string source)
    {
        if (config.QueryHeads % config.KeyValueHeads != 0)
            throw new ModelFileException($"{source}: the number of query heads must be a multiple of the key/value heads;"
                + $" found {config.QueryHeads} and {config.KeyValueHeads}; take the model's published config.");
        if (config.HeadDim % 2 != 0)
            throw new ModelFileException($"{source}: the head dimension must be even, because RoPE turns pairs; found {config.HeadDim};"
                + " such a model cannot be run here.");
        return config;
    }

    private static int HeadDim(JsonFields fields, string source, int hidden, int heads)
    {
        if (fields.CountOrNull("head_dim", 1, 65_536) is { } given) return given;
        if (hidden % heads == 0) return hidden / heads;
        throw new ModelFileException($"{source}: without head_dim, hidden_size must be a multiple of num_attention_heads; found {hidden} and {heads};"
            + " take the model's published config.");
    }

    private static void RefuseOtherArithmetic(JsonFields fields, string source)
    {
        if (fields.TextOrNull("hidden_act") is { } activation && activation is not ("silu" or "swish"))
            throw new ModelFileException($"{source}: hidden_act must be silu; found {Shown.Quote(activation)}; such a model cannot be run here.");
        if (fields.Child("quantization_config") is { } quantization)
            throw new ModelFileException($"{source}: weights must be float32, bfloat16 or float16;"
                + $" found quantization_config of method {Shown.Quote(quantization.TextOrNull("quant_method") ?? "unknown")};"
                + " take the unquantised folder or a GGUF file.");
        if (fields.FlagOrNull("rope_interleaved") ?? false)
            throw new ModelFileException($"{source}: RoPE pairs must be half-split; found rope_interleaved true; such a model cannot be run here.");
        if (fields.NumberOrNull("partial_rotary_factor", 0, 1) is { } part && part != 1)
            throw new ModelFileException($"{source}: RoPE must turn whole heads; found partial_rotary_factor {part}; such a model cannot be run here.");
    }

    private static int? SlidingWindow(JsonFields fields, string type, string source)
    {
        var window = fields.CountOrNull("sliding_window", 1, int.MaxValue);
        switch (type)
        {
            case "mistral":
                return window;
            case "qwen2" when window is not null && (fields.FlagOrNull("use_sliding_window") ?? false):
                // Qwen2 would apply it from layer max_window_layers on only: a window per layer, which ModelConfig does not have.
                var layers = fields.Count("num_hidden_layers", 1, MostLayers);
                if ((fields.CountOrNull("max_window_layers", 0, int.MaxValue) ?? 28) >= layers) return null;
                throw new ModelFileException($"{source}: use_sliding_window of qwen2 must be false (its window differs from layer to layer); found true;"
                    + " set it to false to run with full attention.");
            default:
                // transformers' Llama has no window either, whatever the config says.
                return null;
        }
    }

    private static (int? Bos, IReadOnlyList<int> Eos) SpecialIds(JsonFields fields, JsonFields? generation, int vocabulary)
    {
        var bos = fields.CountOrNull("bos_token_id", 0, vocabulary - 1) ?? generation?.CountOrNull("bos_token_id", 0, vocabulary - 1);
        var eos = fields.CountOrList("eos_token_id", 0, vocabulary - 1);
        var more = generation?.CountOrList("eos_token_id", 0, vocabulary - 1) ?? [];
        return (bos, eos.Concat(more).Distinct().ToArray());
    }

    private static string GenerationSource(string source) => System.IO.Path.Combine(System.IO.Path.GetDirectoryName(source) ?? "", "generation_config.json");
}
