namespace LST.Core.Attention.Cpu.Vectors;

/// <summary>Sizes of the storage formats.</summary>
internal static class ElementSizes
{
    /// <summary>Bytes of one element.</summary>
    public static int Bytes(ElementType type) => type switch
    {
        ElementType.Float32 => 4,
        ElementType.BFloat16 or ElementType.Float16 => 2,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown element type"),
    };
}
