using System.Numerics;
using System.Runtime.InteropServices;

namespace LST.Core.Compression;

/// <summary>Sums of rows in float32 for methods that merge tokens head by head, where a library call for each row would cost more than the row.</summary>
internal static class RowArithmetic
{
    /// <summary>target += scale · row.</summary>
    public static void AddScaled(Span<float> target, ReadOnlySpan<float> row, float scale)
    {
        var lanes = MemoryMarshal.Cast<float, Vector<float>>(target);
        var source = MemoryMarshal.Cast<float, Vector<float>>(row);
        for (var i = 0; i < lanes.Length; i++) lanes[i] += source[i] * scale;
        for (var i = lanes.Length * Vector<float>.Count; i < target.Length; i++) target[i] += row[i] * scale;
    }

    /// <summary>target = (1 − share) · target + share · row.</summary>
    public static void Blend(Span<float> target, ReadOnlySpan<float> row, float share)
    {
        var rest = 1 - share;
        var lanes = MemoryMarshal.Cast<float, Vector<float>>(target);
        var source = MemoryMarshal.Cast<float, Vector<float>>(row);
        for (var i = 0; i < lanes.Length; i++) lanes[i] = (lanes[i] * rest) + (source[i] * share);
        for (var i = lanes.Length * Vector<float>.Count; i < target.Length; i++) target[i] = (target[i] * rest) + (row[i] * share);
    }

    /// <summary>‖a − b‖².</summary>
    public static float SquaredDistance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var left = MemoryMarshal.Cast<float, Vector<float>>(a);
        var right = MemoryMarshal.Cast<float, Vector<float>>(b);
        var sums = Vector<float>.Zero;
        for (var i = 0; i < left.Length; i++)
        {
            var difference = left[i] - right[i];
            sums += difference * difference;
        }
        var sum = Vector.Sum(sums);
        for (var i = left.Length * Vector<float>.Count; i < a.Length; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
        return sum;
    }
}
