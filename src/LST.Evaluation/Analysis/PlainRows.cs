using static TorchSharp.torch;

namespace LST.Evaluation.Analysis;

/// <summary>Tensors as plain numbers.</summary>
internal static class PlainRows
{
    /// <summary>All elements of a tensor in row-major order.</summary>
    public static float[] Flat(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        return tensor.to(float32).cpu().contiguous().data<float>().ToArray();
    }

    /// <summary>The rows of a tensor [rows, columns].</summary>
    public static float[][] Of(Tensor tensor)
    {
        var (flat, columns) = (Flat(tensor), (int)tensor.shape[1]);
        return [.. Enumerable.Range(0, (int)tensor.shape[0]).Select(r => flat.AsSpan(r * columns, columns).ToArray())];
    }
}
