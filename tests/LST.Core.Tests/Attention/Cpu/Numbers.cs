using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Tests.Attention.Cpu;

/// <summary>Numbers in native memory, as the kernels read them and as the oracles do.</summary>
internal sealed unsafe class Numbers : IDisposable
{
    private readonly AlignedBuffer<byte> _stored;

    private Numbers(ElementType type, double[] values)
    {
        Type = type;
        Values = values;
        _stored = new AlignedBuffer<byte>(Math.Max(1, (long)values.Length * ElementSizes.Bytes(type)));
        using var floats = new AlignedBuffer<float>(Math.Max(1, values.Length));
        for (var i = 0; i < values.Length; i++) floats.Pointer[i] = (float)values[i];
        ElementConversion.Narrow(floats.Pointer, _stored.Pointer, type, values.Length);
        ElementConversion.Widen(_stored.Pointer, type, floats.Pointer, values.Length);
        for (var i = 0; i < values.Length; i++) values[i] = floats.Pointer[i];
    }

    public ElementType Type { get; }

    /// <summary>What is stored, after rounding.</summary>
    public double[] Values { get; }

    public void* Pointer => _stored.Pointer;

    public float* Floats => (float*)_stored.Pointer;

    public double this[int index] => Values[index];

    public static Numbers Of(params double[] values) => new(ElementType.Float32, [.. values]);

    public static Numbers Of(ElementType type, params double[] values) => new(type, [.. values]);

    /// <summary>About normal, standard deviation <paramref name="scale"/>.</summary>
    public static Numbers Random(Random random, long length, double scale = 1, ElementType type = ElementType.Float32)
    {
        var values = new double[length];
        for (var i = 0; i < length; i++)
            values[i] = scale * (random.NextDouble() + random.NextDouble() + random.NextDouble() + random.NextDouble() - 2) * Math.Sqrt(3);
        return new Numbers(type, values);
    }

    public static Numbers Zeros(long length) => new(ElementType.Float32, new double[length]);

    /// <summary>The float32 numbers as they are now, after a kernel wrote them.</summary>
    public float[] Read() => new Span<float>(_stored.Pointer, Values.Length).ToArray();

    public void Dispose() => _stored.Dispose();
}
