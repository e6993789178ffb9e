using System.Runtime.Intrinsics;

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
                WidenBFloat16((ushort*)source, target, length);
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
                NarrowBFloat16(source, (ushort*)target, length);
                break;
            case ElementType.Float16:
                for (var i = 0; i < length; i++) ((ushort*)target)[i] = BitConverter.HalfToUInt16Bits((Half)source[i]);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "unknown element type");
        }
    }

    private static void WidenBFloat16(ushort* source, float* target, int length)
    {
        var i = 0;
        for (; i <= length - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
        {
            var (low, high) = Vector256.Widen(Vector256.Load(source + i));
            (low << 16).AsSingle().Store(target + i);
            (high << 16).AsSingle().Store(target + i + Vector256<float>.Count);
        }
        for (; i < length; i++) target[i] = LanesScalar.LoadBFloat16(source + i);
    }

    private static void NarrowBFloat16(float* source, ushort* target, int length)
    {
        var i = 0;
        for (; i <= length - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
            Vector256.Narrow(ToBFloat16(Vector256.Load(source + i)), ToBFloat16(Vector256.Load(source + i + Vector256<float>.Count))).Store(target + i);
        for (; i < length; i++) target[i] = ToBFloat16(source[i]);
    }

    private static Vector256<uint> ToBFloat16(Vector256<float> value)
    {
        var bits = value.AsUInt32();
        var rounded = (bits + Vector256.Create(0x7FFFu) + ((bits >>> 16) & Vector256.Create(1u))) >>> 16;
        return Vector256.ConditionalSelect(Vector256.IsNaN(value).AsUInt32(), (bits >>> 16) | Vector256.Create(0x40u), rounded);
    }

    private static ushort ToBFloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
