using System.Globalization;

namespace LST.Core.Models.Checkpoints;

/// <summary>
/// Derives the shape of a model from the metadata and tensor names of a GGUF file. The architecture <c>llama</c> covers Llama and Mistral
/// (a sliding window counts when the metadata names one), <c>qwen2</c> is Qwen2. Which biases there are, and whether the head is tied, the tensors say.
/// </summary>
internal static class GgufConfig
{
    private const int MostWidth = 1 << 24;
    private const int MostHeads = 65_536;

    public static ModelConfig Read(MappedFile file, GgufHeader header)
    {
        var fields = new GgufFields(file.Path, header.Metadata);
        var architecture = fields.TextOrNull("general.architecture") ?? throw fields.Missing("general.architecture");
        if (architecture is not ("llama" or "qwen2"))
            throw new ModelFileException($"{file.Path}: general.architecture must be llama or qwen2; found {Shown.Quote(architecture)};"
                + " this workbench reads Llama-family decoders only.");
        RefuseOtherArithmetic(fields, architecture);

        var hidden = fields.Count($"{architecture}.embedding_length", 1, MostWidth);
        var heads = fields.Count($"{architecture}.attention.head_count", 1, MostHeads);
        var vocabulary = Vocabulary(fields, header, architecture);
        var config = new ModelConfig
        {
            ModelType = architecture,
            HiddenSize = hidden,
            IntermediateSize = fields.Count($"{architecture}.feed_forward_length", 1, MostWidth),
            Layers = fields.Count($"{architecture}.block_count", 1, 4_096),
            QueryHeads = heads,
            KeyValueHeads = fields.CountOrNull($"{architecture}.attention.head_count_kv", 1, MostHeads) ?? heads,
            HeadDim = HeadDim(fields, architecture, hidden, heads),
            VocabularySize = vocabulary,
            MaxPositions = fields.Count($"{architecture}.context_length", 1, 1 << 30),
            RmsNormEpsilon = fields.NumberOrNull($"{architecture}.attention.layer_norm_rms_epsilon", 1e-30, 1) is { } epsilon
                ? ShortestDouble(epsilon)
                : throw fields.Missing($"{architecture}.attention.layer_norm_rms_epsilon"),
            RopeTheta = fields.NumberOrNull($"{architecture}.rope.freq_base", 1, 1e12) is { } theta ? ShortestDouble(theta) : 10_000,
            SlidingWindow = architecture == "llama" ? SlidingWindow(fields, architecture) : null,
            TiedHead = !header.Tensors.ContainsKey(GgufNames.Head),
            QkvBias = architecture == "qwen2" || header.Tensors.ContainsKey("blk.0.attn_q.bias"),
            OutputBias = header.Tensors.ContainsKey("blk.0.attn_output.bias"),
            MlpBias = header.Tensors.ContainsKey("blk.0.ffn_gate.bias"),
            BosId = fields.CountOrNull("tokenizer.ggml.bos_token_id", 0, vocabulary - 1),
            EosIds = new[] { "eos", "eot", "eom" }
                .Select(kind => fields.CountOrNull($"tokenizer.ggml.{kind}_token_id", 0, vocabulary - 1)).OfType<int>().Distinct().ToArray(),
        }.Checked(file.Path);
        return config with { RopeScaling = GgufRope.Scaling(file, header, config) };
    }

    // The file has fp32; the config that it came from had the shortest decimal that rounds to it (1e-5, not 9.999999747378752e-06).
    private static double ShortestDouble(double stored) =>
        stored == (float)stored ? double.Parse(((float)stored).ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : stored;

    private static int Vocabulary(GgufFields fields, GgufHeader header, string architecture)
    {
        if (!header.Tensors.TryGetValue(GgufNames.Embedding, out var embedding))
            throw new ModelFileException($"{fields.Path}: {GgufNames.Embedding} is missing; take another conversion of the model.");
        if (embedding.Shape is not [> 0 and <= MostWidth, _])
            throw new ModelFileException($"{fields.Path}: {GgufNames.Embedding} must have two dimensions, the outer from 1 to {MostWidth};"
                + $" found {Shown.Shape(embedding.Shape)}; take another conversion of the model.");
        var rows = (int)embedding.Shape[0];
        if (fields.CountOrNull($"{architecture}.vocab_size", 1, MostWidth) is { } stated && stated != rows)
            throw new ModelFileException($"{fields.Path}: {architecture}.vocab_size must be the rows of {GgufNames.Embedding}; found {stated} and {rows};"
                + " take another conversion of the model.");
        if (fields.ItemsOrNull("tokenizer.ggml.tokens") is { } tokens && tokens > rows)
            throw new ModelFileException($"{fields.Path}: the tokenizer may have at most as many tokens as {GgufNames.Embedding} has rows;"
                + $" found {tokens} and {rows}; take another conversion of the model.");
        return rows;
    }

    private static int HeadDim(GgufFields fields, string architecture, int hidden, int heads)
    {
        var given = fields.CountOrNull($"{architecture}.attention.key_length", 1, 65_536);
        if (given is null && hidden % heads != 0)
            throw new ModelFileException($"{fields.Path}: without {architecture}.attention.key_length, the embedding length must be a multiple of the"
                + $" heads; found {hidden} and {heads}; take another conversion of the model.");
        var size = given ?? hidden / heads;
        foreach (var key in new[] { $"{architecture}.attention.value_length", $"{architecture}.rope.dimension_count" })
            if (fields.CountOrNull(key, 1, 65_536) is { } other && other != size)
                throw new ModelFileException($"{fields.Path}: {key} must equal the head dimension {size}; found {other}; such a model cannot be run here.");
        return size;
    }

    private static int? SlidingWindow(GgufFields fields, string architecture) =>
        fields.CountOrNull($"{architecture}.attention.sliding_window", 0, int.MaxValue) is { } window and > 0 ? window : null;

    private static void RefuseOtherArithmetic(GgufFields fields, string architecture)
    {
        if (fields.CountOrNull("split.count", 0, 65_535) is > 1 and var parts)
            throw new ModelFileException($"{fields.Path}: the model must lie in one file; this is one of {parts} parts;"
                + " join them with llama.cpp's gguf-split --merge.");
        if (fields.CountOrNull($"{architecture}.expert_count", 0, 65_535) is > 0 and var experts)
            throw new ModelFileException($"{fields.Path}: mixtures of experts cannot be run here; found {experts} experts; take a dense model.");
        if (fields.NumberOrNull($"{architecture}.rope.scale_linear", 0, 1e9) is { } linear && linear != 1)
            throw new ModelFileException($"{fields.Path}: the RoPE type must be default or llama3; found linear scaling by {linear};"
                + " such a model cannot be run here.");
        if (fields.TextOrNull($"{architecture}.rope.scaling.type") is { } type && type != "none"
            && !(type == "linear" && fields.NumberOrNull($"{architecture}.rope.scaling.factor", 0, 1e9) is null or 1))
            throw new ModelFileException($"{fields.Path}: the RoPE type must be default or llama3; found {Shown.Quote(type)};"
                + " such a model cannot be run here.");
    }
}
