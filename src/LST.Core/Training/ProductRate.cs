using System.Diagnostics;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Training;

/// <summary>How fast this machine multiplies matrices of a model's widths, measured in some tenths of a second.</summary>
public static class ProductRate
{
    private const double Seconds = 0.25;
    private const long Rows = 256;
    private const long MostElements = 8L << 20;

    /// <summary>Multiplications and additions a second: the median of what fits into the time.</summary>
    /// <param name="config">Shape of the model; very wide matrices are measured in part.</param>
    /// <param name="dtype">Type of the model.</param>
    public static double Measure(ModelConfig config, ScalarType dtype)
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var (inner, outer) = ((long)config.HiddenSize, Math.Min(2L * config.IntermediateSize, Math.Max(64, MostElements / config.HiddenSize)));
        var (left, right) = (ones([Rows, inner], dtype), ones([outer, inner], dtype));
        nn.functional.linear(left, right).Dispose();
        var (rates, clock) = (new List<double>(), Stopwatch.StartNew());
        while (rates.Count < 5 || clock.Elapsed.TotalSeconds < Seconds)
        {
            var before = clock.Elapsed.TotalSeconds;
            nn.functional.linear(left, right).Dispose();
            rates.Add(2.0 * Rows * inner * outer / (clock.Elapsed.TotalSeconds - before));
        }
        return rates.Order().ElementAt(rates.Count / 2);
    }
}
