using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace LST.Core.Models;

/// <summary>
/// Products of matrices in the type of a model. libtorch hands 16-bit products to oneDNN where an x86 processor has AVX-512 (bfloat16), AVX-512 FP16 (float16) or AVX-NE-CONVERT (both); elsewhere its own loops
/// take five to ten times as long as products in float32. There both sides are widened, one matrix at a time, and the product is rounded once, as oneDNN does it.
/// </summary>
public static class MatrixProducts
{
    // With fewer rows than this, widening the matrix costs more than it saves.
    private const int LeastRows = 8;

    /// <summary>x · Wᵀ + b: […, I] → […, O], in the type of <paramref name="x"/>.</summary>
    /// <param name="x">[…, I].</param>
    /// <param name="weight">[O, I], of the same type.</param>
    /// <param name="bias">[O]; null: none.</param>
    public static Tensor Linear(Tensor x, Tensor weight, Tensor? bias = null) => Widens(x) ? Widened(x, weight, bias) : nn.functional.linear(x, weight, bias);

    /// <summary>The product in float32, rounded to the type of <paramref name="x"/>; arguments as in <see cref="Linear"/>.</summary>
    internal static Tensor Widened(Tensor x, Tensor weight, Tensor? bias)
    {
        using var left = x.to(float32);
        using var right = weight.to(float32);
        using var offset = bias?.to(float32);
        using var product = nn.functional.linear(left, right, offset);
        return product.to(x.dtype);
    }

    /// <summary>Whether products of these rows are computed in float32. Not where gradients are wanted: they would keep the wide matrices alive until they are asked for.</summary>
    /// <param name="x">[…, rows, I].</param>
    /// <param name="isSlow">What to take for the processor; null: what it is.</param>
    internal static bool Widens(Tensor x, bool? isSlow = null) =>
        x.device_type == DeviceType.CPU && x.dtype is (ScalarType.BFloat16 or ScalarType.Float16) && !is_grad_enabled() && (isSlow ?? IsSlow(x.dtype)) && x.numel() / x.shape[^1] >= LeastRows;

    /// <summary>Whether this processor has no fast product of a type.</summary>
    public static bool IsSlow(ScalarType type) => X86Base.IsSupported && !HasConversion && type switch
    {
        ScalarType.BFloat16 => !Avx512F.IsSupported,
        ScalarType.Float16 => !(Avx512F.IsSupported && HasHalfVectors),
        _ => false,
    };

    // Leaf 7: AVX512_FP16 is bit 23 of EDX, AVX-NE-CONVERT bit 5 of EDX in subleaf 1.
    private static bool HasHalfVectors { get; } = X86Base.IsSupported && (X86Base.CpuId(7, 0).Edx >> 23 & 1) == 1;

    private static bool HasConversion { get; } = X86Base.IsSupported && X86Base.CpuId(7, 0).Eax >= 1 && (X86Base.CpuId(7, 1).Edx >> 5 & 1) == 1;
}
