using System.Diagnostics;
using System.Globalization;

namespace LST.Bench.Kernels;

/// <summary>Times of one measured action, in microseconds.</summary>
internal sealed record Quantiles(double P10, double Median, double P90)
{
    /// <summary>Runs <paramref name="action"/> unmeasured, then <paramref name="repeats"/> times against the clock.</summary>
    public static Quantiles Measure(int repeats, Action action)
    {
        for (var i = 0; i < Math.Max(5, repeats / 10); i++) action();
        var micros = new double[repeats];
        for (var i = 0; i < repeats; i++)
        {
            var start = Stopwatch.GetTimestamp();
            action();
            micros[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }

        Array.Sort(micros);
        return new Quantiles(micros[repeats / 10], micros[repeats / 2], micros[repeats * 9 / 10]);
    }

    /// <summary>Read bandwidth in GB/s (1e9 bytes) at the median.</summary>
    public double GigabytesPerSecond(double bytes) => bytes / Median / 1e3;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Median,9:F1} µs [{P10:F1}, {P90:F1}]");
}
