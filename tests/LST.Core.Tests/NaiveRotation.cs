namespace LST.Core.Tests;

/// <summary>Rotary embedding written out in double, half-split pairs (i, i + D/2).</summary>
internal static class NaiveRotation
{
    public static double[] Turn(ReadOnlySpan<double> x, double by, ReadOnlySpan<float> inverseFrequencies)
    {
        var half = x.Length / 2;
        var turned = new double[x.Length];
        for (var i = 0; i < half; i++)
        {
            var (sin, cos) = Math.SinCos(by * inverseFrequencies[i]);
            turned[i] = (x[i] * cos) - (x[i + half] * sin);
            turned[i + half] = (x[i + half] * cos) + (x[i] * sin);
        }
        return turned;
    }
}
