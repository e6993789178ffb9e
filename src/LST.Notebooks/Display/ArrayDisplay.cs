using System.Numerics;

namespace LST.Notebooks.Display;

/// <summary>Arrays of numbers: all of a short one, a summary of a long one.</summary>
internal static class ArrayDisplay
{
    private const int ShownWhole = 24;
    private const int ShownOfLong = 8;

    public static void Register()
    {
        Register<double>();
        Register<float>();
        Register<Half>();
        Register<int>();
        Register<long>();
        Register<short>();
        Register<byte>();
    }

    private static void Register<T>() where T : struct, INumber<T>
    {
        Displays.ShowSentence<T[]>(array => Sentence<T>(TypeName<T>(), $"[{Visible.Number(array.Length)}]", array));
        Displays.ShowSentence<T[,]>(array => Sentence<T>(TypeName<T>(), $"[{Visible.Number(array.GetLength(0))}, {Visible.Number(array.GetLength(1))}]",
            System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpan(ref System.Runtime.CompilerServices.Unsafe.As<byte, T>(ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(array)), array.Length)));
    }

    private static string Sentence<T>(string type, string shape, ReadOnlySpan<T> values) where T : struct, INumber<T>
    {
        if (values.Length <= ShownWhole) return $"{type}{shape}: {Join(values)}";
        var (lowest, highest, sum, undefined) = (double.PositiveInfinity, double.NegativeInfinity, 0.0, 0L);
        foreach (var value in values)
        {
            var number = double.CreateSaturating(value);
            if (double.IsNaN(number))
            {
                undefined++;
                continue;
            }
            (lowest, highest, sum) = (Math.Min(lowest, number), Math.Max(highest, number), sum + number);
        }
        var mean = sum / Math.Max(1, values.Length - undefined);
        return $"{type}{shape}: min {Visible.Number(lowest)}, mean {Visible.Number(mean)}, max {Visible.Number(highest)}{(undefined == 0 ? "" : $", {Visible.Number(undefined)} NaN")}; first {Join(values[..ShownOfLong])}, …";
    }

    private static string Join<T>(ReadOnlySpan<T> values) where T : struct, INumber<T>
    {
        var shown = new string[values.Length];
        for (var i = 0; i < shown.Length; i++) shown[i] = Visible.Number(double.CreateSaturating(values[i]));
        return string.Join(", ", shown);
    }

    private static string TypeName<T>() => typeof(T) == typeof(float) ? "float" : typeof(T) == typeof(int) ? "int" : typeof(T) == typeof(long) ? "long" : typeof(T).Name.ToLowerInvariant();
}
