namespace LST.Core.Attention.Cpu.Vectors;

/// <summary>
/// A vector width that kernels are written against: the same kernel source is compiled for 16, 8 and 4 float lanes and for one.
/// Implementations are structs, so that the JIT specialises and inlines every call.
/// </summary>
/// <typeparam name="TVector">The vector of float32 lanes.</typeparam>
internal unsafe interface IVectorLanes<TVector>
    where TVector : struct
{
    /// <summary>Floats in a vector.</summary>
    static abstract int Count { get; }

    /// <summary>All lanes 0.</summary>
    static abstract TVector Zero { get; }

    /// <summary>All lanes <paramref name="value"/>.</summary>
    static abstract TVector Broadcast(float value);

    /// <summary>Reads <see cref="Count"/> floats; no alignment needed.</summary>
    static abstract TVector Load(float* source);

    /// <summary>Reads <see cref="Count"/> bfloat16 and widens them exactly.</summary>
    static abstract TVector LoadBFloat16(ushort* source);

    /// <summary>Reads <see cref="Count"/> IEEE halves and widens them exactly, subnormals, infinities and NaN included.</summary>
    static abstract TVector LoadFloat16(ushort* source);

    /// <summary>Reads <see cref="Count"/> finite IEEE halves; the lanes are their values times 2^−112, exactly.</summary>
    static abstract TVector LoadFloat16Scaled(ushort* source);

    /// <summary>Writes <see cref="Count"/> floats.</summary>
    static abstract void Store(float* target, TVector value);

    /// <summary>left + right.</summary>
    static abstract TVector Add(TVector left, TVector right);

    /// <summary>left − right.</summary>
    static abstract TVector Subtract(TVector left, TVector right);

    /// <summary>left · right.</summary>
    static abstract TVector Multiply(TVector left, TVector right);

    /// <summary>left / right, correctly rounded.</summary>
    static abstract TVector Divide(TVector left, TVector right);

    /// <summary>left · right + addend, fused where the processor can.</summary>
    static abstract TVector MultiplyAdd(TVector left, TVector right, TVector addend);

    /// <summary>Larger value per lane; NaN wins.</summary>
    static abstract TVector Max(TVector left, TVector right);

    /// <summary>2^(n−1) per lane, where the lane holds the integer n added to 1.5·2^23.</summary>
    static abstract TVector HalfPowerOfTwo(TVector biased);

    /// <summary><paramref name="then"/> in lanes where value &lt; bound, else <paramref name="otherwise"/> (also for NaN).</summary>
    static abstract TVector WhereLess(TVector value, TVector bound, TVector then, TVector otherwise);

    /// <summary>Sum of the lanes, always in the same order.</summary>
    static abstract float Sum(TVector value);

    /// <summary>Writes the four sums of lanes to target[0..3]; each is added in one order that does not depend on its place.</summary>
    static abstract void StoreSums(float* target, TVector first, TVector second, TVector third, TVector fourth);

    /// <summary>Largest lane; NaN wins.</summary>
    static abstract float MaxAcross(TVector value);
}
