using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace LST.Core.Models;

/// <summary>
/// Products of matrices in the type of a model. On an x86 processor without AVX-512 libtorch has no fast product of 16-bit matrices (it hands bfloat16 to oneDNN from AVX-512 on, float16 from AVX-512 FP16 on) and
/// takes five to ten times as long as in float32. There both sides are widened, one matrix at a time, and the product is rounded once, as oneDNN does it.
/// </summary>
internal static class MatrixProducts
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
    internal static bool Widens(Tensor x) =>
        x.device_type == DeviceType.CPU && !is_grad_enabled() && IsSlow(x.dtype) && x.numel() / x.shape[^1] >= LeastRows;

    private static bool IsSlow(ScalarType type) => X86Base.IsSupported && type switch
    {
        ScalarType.BFloat16 => !Avx512F.IsSupported,
        ScalarType.Float16 => !Avx10v1.IsSupported,
        _ => false,
    };
}
