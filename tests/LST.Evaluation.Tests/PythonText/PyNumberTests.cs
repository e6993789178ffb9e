using CsCheck;
using LST.Evaluation.PythonText;

namespace LST.Evaluation.Tests.PythonText;

/// <summary>Expected values are CPython 3.11's.</summary>
public class PyNumberTests
{
    [Theory]
    [InlineData(2.675, 2, 2.67)]
    [InlineData(0.125, 2, 0.12)]
    [InlineData(0.375, 2, 0.38)]
    [InlineData(-0.125, 2, -0.12)]
    [InlineData(66.665, 2, 66.67)]
    [InlineData(83.333333333333333, 2, 83.33)]
    [InlineData(5e-324, 2, 0.0)]
    [InlineData(1e300, 2, 1e300)]
    [InlineData(2.5, 0, 2.0)]
    [InlineData(3.5, 0, 4.0)]
    [InlineData(double.NaN, 2, double.NaN)]
    public void Rounds_the_binary_value_with_ties_to_even(double value, int digits, double expected) => Assert.Equal(expected, PyNumber.Round(value, digits));

    [Fact]
    public void Hundredths_stay_and_nothing_moves_further_than_half_a_step() => Gen.Select(Gen.Int[-1_000_000, 1_000_000], Gen.Double[-1e6, 1e6]).Sample((hundredths, value) =>
        PyNumber.Round(hundredths / 100.0, 2) == hundredths / 100.0 && Math.Abs(PyNumber.Round(value, 2) - value) <= 0.005 + 1e-9);
}
