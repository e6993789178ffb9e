using static TorchSharp.torch;

namespace LST.Evaluation.Perplexity.DocumentCompatible;

/// <summary>
/// WeightedKV as printed: a dropped token's value is averaged into the kept token to its right, weighted by the norms of both. Where several have the same right neighbour each overwrites
/// the merge before it, so that only the last one, the token directly to the left, is in the slot.
/// </summary>
internal sealed class OverwrittenNeighbour : IDroppedValues
{
    /// <inheritdoc/>
    public Tensor Weights(float[] norms, int[] kept)
    {
        var tokens = norms.Length;
        var weights = new float[kept.Length * tokens];
        for (var slot = 0; slot < kept.Length; slot++)
        {
            var (token, last) = (kept[slot], kept[slot] - 1);
            var takes = last >= 0 && (slot == 0 || kept[slot - 1] != last) && norms[last] + norms[token] > 0;
            weights[slot * tokens + token] = takes ? norms[token] / (norms[last] + norms[token]) : 1;
            if (takes) weights[slot * tokens + last] = norms[last] / (norms[last] + norms[token]);
        }
        return tensor(weights, kept.Length, tokens);
    }
}
