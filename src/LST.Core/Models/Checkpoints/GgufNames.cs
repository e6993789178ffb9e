namespace LST.Core.Models.Checkpoints;

/// <summary>Weight names: Hugging Face's to those of GGUF files.</summary>
internal static class GgufNames
{
    public const string Embedding = "token_embd.weight";
    public const string Head = "output.weight";
    public const string RopeFactors = "rope_freqs.weight";

    private static readonly Dictionary<string, string> Parts = new()
    {
        ["input_layernorm"] = "attn_norm", ["post_attention_layernorm"] = "ffn_norm",
        ["self_attn.q_proj"] = "attn_q", ["self_attn.k_proj"] = "attn_k", ["self_attn.v_proj"] = "attn_v", ["self_attn.o_proj"] = "attn_output",
        ["mlp.gate_proj"] = "ffn_gate", ["mlp.up_proj"] = "ffn_up", ["mlp.down_proj"] = "ffn_down",
    };

    /// <summary>The file's name of a weight of <see cref="WeightPlan"/>.</summary>
    public static string Of(string name)
    {
        switch (name)
        {
            case WeightPlan.Embedding: return Embedding;
            case WeightPlan.FinalNorm: return "output_norm.weight";
            case WeightPlan.Head: return Head;
        }
        // model.layers.3.self_attn.q_proj.weight → blk.3.attn_q.weight
        var pieces = name.Split('.');
        var part = string.Join('.', pieces[3..^1]);
        return $"blk.{pieces[2]}.{Parts[part]}.{pieces[^1]}";
    }
}
