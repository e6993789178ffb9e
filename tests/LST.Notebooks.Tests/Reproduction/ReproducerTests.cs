using LST.Core;
using LST.Notebooks.Reproduction;

namespace LST.Notebooks.Tests.Reproduction;

public class ReproducerTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_second_run_makes_nothing_again()
    {
        using var checkout = new SmallCheckout("00-a", "01-b");

        var first = await checkout.Reproducer().Run(Cancel);
        var second = await checkout.Reproducer().Run(Cancel);

        Assert.Equal((3, 0), first);
        Assert.Equal((0, 3), second);
        Assert.Equal(["00-a", "01-b"], checkout.Ran);
        Assert.Empty(Reproducer.Check(checkout.Root));
    }

    [Theory]
    [InlineData("notebooks/01-b.ipynb", "01-b")]
    [InlineData("figures/01-b.ipynb", "01-b")]
    [InlineData("figures/01-b/figure.png", "01-b")]
    [InlineData(SmallCheckout.Record, "00-a,01-b")]
    [InlineData("figures/report.html", "")]
    public async Task What_changed_is_found_and_made_again_with_the_report_and_nothing_else(string changed, string expected)
    {
        using var checkout = new SmallCheckout("00-a", "01-b");
        await checkout.Reproducer().Run(Cancel);
        checkout.Ran.Clear();
        checkout.Write(changed, checkout.Read(changed) + " ");

        var complaints = Reproducer.Check(checkout.Root);
        var (made, _) = await checkout.Reproducer().Run(Cancel);

        Assert.Contains(complaints, complaint => complaint.Contains(changed, StringComparison.Ordinal));
        Assert.Equal(expected, string.Join(',', checkout.Ran));
        Assert.InRange(made, 1, checkout.Ran.Count + 1);
        Assert.Empty(Reproducer.Check(checkout.Root));
    }

    [Fact]
    public async Task Times_of_files_play_no_part()
    {
        using var checkout = new SmallCheckout("00-a");
        await checkout.Reproducer().Run(Cancel);
        foreach (var file in Directory.GetFiles(checkout.Root, "*", SearchOption.AllDirectories)) File.SetLastWriteTimeUtc(file, new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        Assert.Equal((0, 2), await checkout.Reproducer().Run(Cancel));
    }

    [Fact]
    public async Task A_run_that_ended_goes_on_where_it_was()
    {
        using var checkout = new SmallCheckout("00-a", "01-b", "02-c");
        checkout.FailsAt = "01-b";

        await Assert.ThrowsAsync<DataException>(() => checkout.Reproducer().Run(Cancel));
        var again = await checkout.Reproducer().Run(Cancel);

        Assert.Equal(["00-a", "01-b", "02-c"], checkout.Ran);
        Assert.Equal((3, 1), again);
    }

    [Fact]
    public async Task A_fresh_checkout_makes_everything_once_although_the_committed_figures_fit()
    {
        using var checkout = new SmallCheckout("00-a");
        await checkout.Reproducer().Run(Cancel);
        Directory.Delete(Path.Combine(checkout.Root, "out"), recursive: true);

        Assert.Empty(Reproducer.Check(checkout.Root));
        Assert.Equal((2, 0), await checkout.Reproducer().Run(Cancel));
    }

    [Fact]
    public async Task A_notebook_that_came_or_went_changes_the_report()
    {
        using var checkout = new SmallCheckout("00-a", "01-b");
        await checkout.Reproducer().Run(Cancel);

        checkout.Write("notebooks/02-c.ipynb", "source");
        var came = await checkout.Reproducer().Run(Cancel);
        File.Delete(Path.Combine(checkout.Root, "notebooks/01-b.ipynb"));
        var complaints = Reproducer.Check(checkout.Root);
        var went = await checkout.Reproducer().Run(Cancel);

        Assert.Equal((2, 2), came);
        Assert.Equal((1, 2), went);
        Assert.Contains("figures of 01-b have no source any more", complaints);
        Assert.DoesNotContain("Title of 01-b", checkout.Read(Reproducer.Report));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{ \"00-a\": ")]
    [InlineData("[]")]
    public async Task A_list_that_is_no_list_is_passed_over(string content)
    {
        using var checkout = new SmallCheckout("00-a");
        await checkout.Reproducer().Run(Cancel);
        checkout.Write("out/reproduce/manifest.json", content);

        Assert.Equal((2, 0), await checkout.Reproducer().Run(Cancel));
    }
}
