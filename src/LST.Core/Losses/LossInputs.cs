using static TorchSharp.torch;

namespace LST.Core.Losses;

/// <summary>What all losses ask of their tensors.</summary>
internal static class LossInputs
{
    /// <summary>Any size, in <see cref="Expect"/>.</summary>
    public const long Any = -1;

    /// <summary>Checks a shape.</summary>
    /// <param name="tensor">What was given.</param>
    /// <param name="name">Its parameter.</param>
    /// <param name="axes">Shape in words, such as <c>[H_kv, n, D]</c>.</param>
    /// <param name="sizes">One size an axis; <see cref="Any"/> is not checked.</param>
    public static void Expect(Tensor tensor, string name, string axes, params ReadOnlySpan<long> sizes)
    {
        var fits = tensor.dim() == sizes.Length;
        for (var axis = 0; fits && axis < sizes.Length; axis++) fits = sizes[axis] == Any || tensor.shape[axis] == sizes[axis];
        if (fits) return;
        var wanted = string.Join(", ", sizes.ToArray().Select(size => size == Any ? "any" : $"{size}"));
        throw new ArgumentException($"{name}: expected {axes} = [{wanted}], got [{string.Join(", ", tensor.shape)}]", name);
    }

    /// <summary>Checks that none of the axes is empty.</summary>
    public static void ExpectRows(Tensor tensor, string name)
    {
        if (tensor.NumberOfElements == 0) throw new ArgumentException($"{name}: expected at least one row, got [{string.Join(", ", tensor.shape)}]", name);
    }

    /// <summary>Type that a loss is computed in: float64 when one of its inputs is, else float32.</summary>
    public static ScalarType Precision(params ReadOnlySpan<Tensor?> inputs)
    {
        foreach (var input in inputs) if (input is not null && input.dtype == float64) return float64;
        return float32;
    }

    /// <summary>Checks a finite number that is not negative.</summary>
    public static void ExpectWeight(double weight, string name)
    {
        if (!double.IsFinite(weight) || weight < 0) throw new ArgumentException($"{name}: expected a finite weight of at least 0, got {weight}", name);
    }
}
