using CsCheck;
using LST.Core.Compression;

namespace LST.Core.Tests.Compression;

public class RatioTests
{
    [Theory]
    [InlineData("2", 2, 1, "2")]
    [InlineData(" 4 ", 4, 1, "4")]
    [InlineData("3/2", 3, 2, "3/2")]
    [InlineData("6/4", 3, 2, "3/2")]
    [InlineData("8/8", 1, 1, "1")]
    [InlineData("1.5", 3, 2, "3/2")]
    [InlineData("1.125", 9, 8, "9/8")]
    [InlineData("2.0", 2, 1, "2")]
    [InlineData("1000000", 1000000, 1, "1000000")]
    public void Reads_rationals_in_lowest_terms(string text, int numerator, int denominator, string written)
    {
        var ratio = Ratio.Parse(text);

        Assert.Equal((numerator, denominator, written), (ratio.Numerator, ratio.Denominator, ratio.ToString()));
        Assert.Equal(ratio, Ratio.Parse(ratio.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("0")]
    [InlineData("-2")]
    [InlineData("1/2")]
    [InlineData("0.5")]
    [InlineData("1/0")]
    [InlineData("3/2/1")]
    [InlineData("2:1")]
    [InlineData("2x")]
    [InlineData("1e3")]
    [InlineData("1.0004")]
    [InlineData("NaN")]
    [InlineData("1000001")]
    [InlineData("99999999999999999999999999999999999")]
    [InlineData("-2147483648")]
    public void Refuses_what_is_no_ratio_of_at_least_one(string text)
    {
        var message = Assert.Throws<UsageException>(() => Ratio.Parse(text)).Message;

        Assert.Contains("ratio", message);
        Assert.Contains("at least 1", message);
        Assert.Contains("3/2", message);
    }

    [Fact]
    public void Slots_are_the_exact_floor() => Gen.Select(Gen.Int[0, 2_000_000], Gen.Int[1, 64], Gen.Int[1, 64]).Sample((tokens, a, b) =>
    {
        var ratio = Ratio.Of(Math.Max(a, b), Math.Min(a, b));

        Assert.Equal((int)Math.Floor((decimal)tokens * Math.Min(a, b) / Math.Max(a, b)), ratio.Slots(tokens));
    }, iter: 500, threads: 1);

    [Fact]
    public void Orders_by_size() => Assert.Equal(["1", "3/2", "2", "5/2", "8"], new[] { "8", "3/2", "1", "5/2", "2" }.Select(Ratio.Parse).Order().Select(ratio => ratio.ToString()));
}
