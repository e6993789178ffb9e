using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Tests.Attention.Cpu;

/// <summary>Vector widths and storages; widths that the processor lacks are emulated by the runtime.</summary>
public static class WidthData
{
    internal static readonly VectorWidth[] Widths = [VectorWidth.One, VectorWidth.Four, VectorWidth.Eight, VectorWidth.Sixteen];

    internal static readonly ElementType[] Types = [ElementType.Float32, ElementType.BFloat16, ElementType.Float16];

    public static TheoryData<int> All() => [.. Widths.Select(w => (int)w)];

    public static TheoryData<int, int> WithTypes()
    {
        var data = new TheoryData<int, int>();
        foreach (var width in Widths)
            foreach (var type in Types)
                data.Add((int)width, (int)type);
        return data;
    }
}
