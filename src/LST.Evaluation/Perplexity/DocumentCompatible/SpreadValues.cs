using static TorchSharp.torch;

namespace LST.Evaluation.Perplexity.DocumentCompatible;

/// <summary>
/// CaM as printed: a dropped token's value is added in equal parts to the next m tokens of the prompt, scaled by its norm over the mean norm of those, at most 1. What the description leaves open is
/// chosen so: m = 16; targets count whether or not they are kept, and what a dropped target receives is lost; the gate is its expectation, nothing is drawn.
/// </summary>
internal sealed class SpreadValues : IDroppedValues
{
    /// <summary>m, tokens that receive a part.</summary>
    public const int Targets = 16;

    /// <inheritdoc/>
    public Tensor Weights(float[] norms, int[] kept)
    {
        var tokens = norms.Length;
        var weights = new float[kept.Length * tokens];
        var slotOf = Enumerable.Repeat(-1, tokens).ToArray();
        for (var slot = 0; slot < kept.Length; slot++) (slotOf[kept[slot]], weights[slot * tokens + kept[slot]]) = (slot, 1);
        for (var token = 0; token < tokens; token++)
        {
            var count = Math.Min(Targets, tokens - 1 - token);
            if (slotOf[token] >= 0 || count == 0) continue;
            var mean = norms.AsSpan(token + 1, count).ToArray().Average();
            var gate = (float)(mean > 0 ? Math.Min(1, norms[token] / mean) : 1);
            for (var target = token + 1; target <= token + count; target++)
                if (slotOf[target] is >= 0 and var slot) weights[slot * tokens + token] = gate / count;
        }
        return tensor(weights, kept.Length, tokens);
    }
}
