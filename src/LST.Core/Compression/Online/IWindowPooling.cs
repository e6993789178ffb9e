using static TorchSharp.torch;

namespace LST.Core.Compression.Online;

/// <summary>Turns windows of raw keys and values into slots. One instance serves all layers of a cache, one after another.</summary>
internal interface IWindowPooling : IDisposable
{
    /// <summary>Slots of some windows of one layer; in the current dispose scope.</summary>
    PooledWindows Pool(WindowRows rows);
}

/// <summary>Windows that follow each other, with c raw tokens on each side.</summary>
/// <param name="Layer">Layer index.</param>
/// <param name="Keys">Post-RoPE keys [B, H_kv, c + Σ windows + c, D].</param>
/// <param name="Values">Values, like the keys.</param>
/// <param name="FirstPositions">True position of the first window's first token [B]; where it is below c, so many tokens on the left are real.</param>
/// <param name="Neighbours">c.</param>
/// <param name="Sizes">Tokens of each window.</param>
internal sealed record WindowRows(int Layer, Tensor Keys, Tensor Values, long[] FirstPositions, int Neighbours, int[] Sizes);

/// <summary>Slots of all windows, m of each.</summary>
/// <param name="Keys">Post-RoPE keys [B·H_kv, windows·m, D].</param>
/// <param name="Values">Values, like the keys.</param>
/// <param name="Bias">Log mass float32 [B·H_kv, windows·m], or null: zeros.</param>
/// <param name="Positions">[B][windows·m].</param>
/// <param name="Counts">Tokens that each slot stands for [windows·m].</param>
internal sealed record PooledWindows(Tensor Keys, Tensor Values, Tensor? Bias, int[][] Positions, float[] Counts);
