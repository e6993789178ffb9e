namespace LST.Core.Attention.Cpu.Vectors;

/// <summary>How weights and cached keys and values are stored; activations are always float32.</summary>
internal enum ElementType
{
    /// <summary>IEEE single precision, 4 bytes.</summary>
    Float32,

    /// <summary>The upper half of a single, 2 bytes.</summary>
    BFloat16,

    /// <summary>IEEE half precision, 2 bytes.</summary>
    Float16,
}
