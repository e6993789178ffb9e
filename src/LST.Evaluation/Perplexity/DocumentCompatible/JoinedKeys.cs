using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Evaluation.Perplexity.DocumentCompatible;

/// <summary>Keys of all heads of a token as one vector: what the table's baselines looked at in place of attention.</summary>
internal static class JoinedKeys
{
    /// <summary>Keys in float32 [T, H_kv·D] in the current dispose scope.</summary>
    public static Tensor Of(LayerContext layer) => layer.Keys.to(float32).transpose(0, 1).reshape(layer.Tokens, -1);

    /// <summary>Euclidean norms [T].</summary>
    public static Tensor Norms(LayerContext layer) => Of(layer).norm(-1);

    /// <summary>Sinks, the tokens of largest norm between, and recents: one set for all heads, ascending.</summary>
    public static int[] Largest(Tensor norms, int tokens, int slots)
    {
        var (sinks, recent) = Protected.Clamp(EqualProtection.Sinks, EqualProtection.Recent, slots);
        return Selection.TopWithProtected(norms.narrow(0, sinks, tokens - sinks - recent).unsqueeze(0), tokens, sinks, recent, [slots])[0];
    }
}
