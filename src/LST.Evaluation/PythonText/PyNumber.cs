using System.Globalization;
using System.Numerics;

namespace LST.Evaluation.PythonText;

/// <summary>Python's operations on numbers where .NET's differ in the last digit.</summary>
public static class PyNumber
{
    /// <summary><c>round(value, digits)</c>: of the binary value, exactly; ties to even. NaN and infinities stay.</summary>
    /// <param name="value">The number.</param>
    /// <param name="digits">Decimals, 0 to 15.</param>
    public static double Round(double value, int digits)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(digits);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(digits, 15);
        // From 2^52 on a number is whole.
        if (!double.IsFinite(value) || Math.Abs(value) >= 1L << 52) return value;
        var bits = BitConverter.DoubleToInt64Bits(value);
        var exponent = (int)((bits >> 52) & 0x7ff);
        BigInteger significand = (bits & 0xfffffffffffff) | (exponent == 0 ? 0 : 1L << 52);
        // value = ± significand / 2^shift, shift > 0.
        var shift = 1075 - Math.Max(exponent, 1);
        var scaled = significand * BigInteger.Pow(10, digits);
        var (whole, rest) = (scaled >> shift, scaled & ((BigInteger.One << shift) - 1));
        var half = BigInteger.One << (shift - 1);
        if (rest > half || (rest == half && !whole.IsEven)) whole++;
        return Math.CopySign(double.Parse(string.Create(CultureInfo.InvariantCulture, $"{whole}E-{digits}"), CultureInfo.InvariantCulture), value);
    }
}
