using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace LST.Core.Tests;

/// <summary>Tensors as plain arrays, for oracles that use no tensor library.</summary>
internal static class PlainNumbers
{
    /// <summary>All elements in row-major order.</summary>
    public static double[] Of(Tensor tensor)
    {
        if (tensor.NumberOfElements == 0) return [];
        using var scope = NewDisposeScope();
        return MemoryMarshal.Cast<byte, double>(tensor.cpu().to(float64).contiguous().clone().bytes).ToArray();
    }

    /// <summary>The stored bits in row-major order.</summary>
    public static byte[] Bits(Tensor tensor)
    {
        if (tensor.NumberOfElements == 0) return [];
        using var scope = NewDisposeScope();
        return tensor.cpu().contiguous().clone().bytes.ToArray();
    }

    /// <summary>[heads][tokens][D] of a tensor [heads, tokens, D].</summary>
    public static double[][][] Heads(Tensor tensor)
    {
        var flat = Of(tensor);
        var (heads, tokens, width) = ((int)tensor.shape[0], (int)tensor.shape[1], (int)tensor.shape[2]);
        return [.. Enumerable.Range(0, heads).Select(h => (double[][])[.. Enumerable.Range(0, tokens).Select(t => flat.AsSpan(((h * tokens) + t) * width, width).ToArray())])];
    }

    /// <summary>Row <paramref name="index"/> of a flat [rows, width].</summary>
    public static ReadOnlySpan<double> Row(double[] flat, int index, int width) => flat.AsSpan(index * width, width);

    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    /// <summary>Largest |a − b|; infinite when lengths differ or something is not a number.</summary>
    public static double Distance(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        if (a.Length != b.Length) return double.PositiveInfinity;
        var largest = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            var difference = a[i].Equals(b[i]) ? 0 : Math.Abs(a[i] - b[i]);
            largest = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(largest, difference);
        }
        return largest;
    }

    public static double Distance(Tensor a, Tensor b) => Distance(Of(a), Of(b));
}
