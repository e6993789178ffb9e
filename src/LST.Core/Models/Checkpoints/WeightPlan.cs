namespace LST.Core.Models.Checkpoints;

/// <summary>The weights that a config asks for, by Hugging Face name and shape, in the order of the forward pass.</summary>
internal static class WeightPlan
{
    public const string Embedding = "model.embed_tokens.weight";
    public const string FinalNorm = "model.norm.weight";
    public const string Head = "lm_head.weight";

    public static IEnumerable<(string Name, long[] Shape)> Of(ModelConfig config)
    {
        long hidden = config.HiddenSize, wide = config.IntermediateSize;
        long queries = (long)config.QueryHeads * config.HeadDim, keys = (long)config.KeyValueHeads * config.HeadDim;
        yield return (Embedding, [config.VocabularySize, hidden]);
        for (var layer = 0; layer < config.Layers; layer++)
        {
            yield return (Name(layer, "input_layernorm.weight"), [hidden]);
            foreach (var (part, rows) in new[] { ("q", queries), ("k", keys), ("v", keys) })
            {
                yield return (Name(layer, $"self_attn.{part}_proj.weight"), [rows, hidden]);
                if (config.QkvBias) yield return (Name(layer, $"self_attn.{part}_proj.bias"), [rows]);
            }
            yield return (Name(layer, "self_attn.o_proj.weight"), [hidden, queries]);
            if (config.OutputBias) yield return (Name(layer, "self_attn.o_proj.bias"), [hidden]);
            yield return (Name(layer, "post_attention_layernorm.weight"), [hidden]);
            foreach (var (part, rows, columns) in new[] { ("gate", wide, hidden), ("up", wide, hidden), ("down", hidden, wide) })
            {
                yield return (Name(layer, $"mlp.{part}_proj.weight"), [rows, columns]);
                if (config.MlpBias) yield return (Name(layer, $"mlp.{part}_proj.bias"), [rows]);
            }
        }
        yield return (FinalNorm, [hidden]);
        if (!config.TiedHead) yield return (Head, [config.VocabularySize, hidden]);
    }

    /// <summary>Buffers that old checkpoints carry and that the config already determines.</summary>
    public static bool IsIgnorable(string name) => name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal);

    /// <summary>Projections whose rows RoPE turns in pairs.</summary>
    public static bool IsQueryOrKey(string name) => name.Contains(".q_proj.", StringComparison.Ordinal) || name.Contains(".k_proj.", StringComparison.Ordinal);

    private static string Name(int layer, string rest) => $"model.layers.{layer}.{rest}";
}
