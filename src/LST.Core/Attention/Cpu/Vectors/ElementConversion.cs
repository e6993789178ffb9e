namespace LST.Core.Attention.Cpu.Vectors;

/// <summary>Between float32 activations and the storage of weights, keys and values.</summary>
internal static unsafe class ElementConversion
{
    /// <summary>Reads <paramref name="length"/> elements of <paramref name="type"/> as float32, exactly.</summary>
    public static void Widen(void* source, ElementType type, float* target, int length)
    {
        switch (type)
        {
            case ElementType.Float32:
                new ReadOnlySpan<float>(source, length).CopyTo(new Span<float>(target, length));
                break;
            case ElementType.BFloat16:
                for (var i = 0; i < length; i++) target[i] = LanesScalar.LoadBFloat16((ushort*)source + i);
                break;
            case ElementType.Float16:
                for (var i = 0; i < length; i++) target[i] = LanesScalar.LoadFloat16((ushort*)source + i);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "unknown element type");
        }
    }

    /// <summary>Stores <paramref name="length"/> float32 as <paramref name="type"/>, rounded to nearest, ties to even; NaN stays NaN, what is too large becomes infinite.</summary>
    public static void Narrow(float* source, void* target, ElementType type, int length)
    {
        switch (type)
        {
            case ElementType.Float32:
                new ReadOnlySpan<float>(source, length).CopyTo(new Span<float>(target, length));
                break;
            case ElementType.BFloat16:
                for (var i = 0; i < length; i++) ((ushort*)target)[i] = ToBFloat16(source[i]);
                break;
            case ElementType.Float16:
                for (var i = 0; i < length; i++) ((ushort*)target)[i] = BitConverter.HalfToUInt16Bits((Half)source[i]);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "unknown element type");
        }
    }

    private static ushort ToBFloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
