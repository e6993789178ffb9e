using LST.Core.Compression;

namespace LST.Core.Tests.Compression;

public class BudgetExpressionTests
{
    [Theory]
    [InlineData("8", 100, 8)]
    [InlineData("0", 100, 0)]
    [InlineData("n/2", 13, 6)]
    [InlineData("N/2", 1, 0)]
    [InlineData("n-4", 20, 16)]
    [InlineData("n-4", 3, 0)]
    [InlineData("2*r", 9, 3)]
    [InlineData("n/2-4", 9, 0)]
    [InlineData("n/2-4", 13, 2)]
    [InlineData("(n-4)/2", 13, 4)]
    [InlineData("0.17*n", 100, 17)]
    [InlineData("0.29*n", 100, 29)]
    [InlineData("n/3*3", 10, 10)]
    [InlineData("n-n+5", 10, 5)]
    [InlineData("999999999999", 10, 1_000_000_000)]
    public void Evaluates_and_floors_once(string text, int slots, int expected)
    {
        Assert.True(BudgetExpression.IsValid(text));
        Assert.Equal(expected, BudgetExpression.Evaluate("recent", text, slots, Ratio.Of(3, 2)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("n/")]
    [InlineData("/n")]
    [InlineData("(n")]
    [InlineData("n)")]
    [InlineData("n n")]
    [InlineData("2n")]
    [InlineData("1..5")]
    [InlineData("n/0")]
    [InlineData("-4")]
    [InlineData("4-n")]
    [InlineData("n^2")]
    [InlineData("∞")]
    [InlineData("1,5")]
    public void Refuses_what_is_no_budget(string text) => Assert.False(BudgetExpression.IsValid(text));

    [Fact]
    public void Refuses_endless_nesting_without_exhausting_the_stack()
    {
        Assert.False(BudgetExpression.IsValid(new string('(', 1_000_000)));
        Assert.False(BudgetExpression.IsValid(new string('-', 1_000_000) + "8"));
    }

    [Fact]
    public void Names_the_option_and_the_budget_where_it_has_no_value()
    {
        var message = Assert.Throws<UsageException>(() => BudgetExpression.Evaluate("h2o:recent", "n/(r-1)", 12, Ratio.One)).Message;

        Assert.Contains("h2o:recent=n/(r-1)", message);
        Assert.Contains("n = 12", message);
        Assert.Contains("n/2", message);
    }
}
