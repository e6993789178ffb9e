namespace LST.Core.Models.Checkpoints;

/// <summary>One tensor of a safetensors file, as its header describes it.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Format">Type as the file spells it: <c>F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL</c>.</param>
/// <param name="Shape">Dimensions, outermost first; empty for a scalar.</param>
/// <param name="Offset">First byte, counted from the start of the file.</param>
/// <param name="Bytes">Number of bytes.</param>
public sealed record SafetensorsEntry(string Name, string Format, IReadOnlyList<long> Shape, long Offset, long Bytes)
{
    /// <summary>Number of elements.</summary>
    public long Elements => Shape.Aggregate(1L, (product, size) => checked(product * size));
}
