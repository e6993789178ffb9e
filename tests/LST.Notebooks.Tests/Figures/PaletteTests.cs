using System.Text.RegularExpressions;
using LST.Evaluation.Analysis;
using LST.Notebooks.Figures;

namespace LST.Notebooks.Tests.Figures;

public sealed class PaletteTests
{
    [Fact]
    public void No_two_methods_share_colour_and_symbol()
    {
        var marks = Palette.Methods.Select(Palette.Method).ToList();

        Assert.Equal(20, marks.Count);
        Assert.Equal(marks.Count, marks.Select(mark => (mark.Colour, mark.Symbol)).Distinct().Count());
        Assert.Equal(marks.Count, marks.Select(mark => mark.Name).Distinct().Count());
        Assert.All(marks, mark => Assert.Matches(new Regex("^#[0-9A-F]{6}$"), mark.Colour));
    }

    [Fact]
    public void Options_keep_the_methods_colour_and_unknown_names_keep_theirs()
    {
        var variant = Palette.Method("mean:key-space=pre-rope:log-mass=true");

        Assert.Equal(Palette.Method("mean").Colour, variant.Colour);
        Assert.NotEqual(Palette.Method("mean").Symbol, variant.Symbol);
        Assert.Equal("mean (pre-rope, log-mass)", variant.Name);
        Assert.Equal(Palette.Method("my-method"), Palette.Method("my-method"));
        Assert.Equal("my-method", Palette.Method("my-method").Name);
    }

    [Fact]
    public void Fates_differ_in_grey_and_in_shape()
    {
        var fates = Enum.GetValues<SlotKind>().Select(kind => Palette.Fate(kind)).Append(Palette.Fate(null)).ToList();

        Assert.Equal(5, fates.Select(fate => fate.Symbol).Distinct().Count());
        var grey = fates.Select(fate => Grey(fate.Colour)).Order().ToList();
        Assert.All(Enumerable.Range(1, 4), i => Assert.True(grey[i] - grey[i - 1] > 0.02, string.Join(" ", grey)));
    }

    [Fact]
    public void Scales_ascend_in_grey_and_zero_is_the_lightest_of_the_diverging_one()
    {
        double[] sequential = [.. Palette.Sequential().Select(stop => Grey(stop![1]!.GetValue<string>()))];
        double[] diverging = [.. Palette.Diverging().Select(stop => Grey(stop![1]!.GetValue<string>()))];

        Assert.Equal(sequential.OrderDescending(), sequential);
        Assert.Equal(2, Array.IndexOf(diverging, diverging.Max()));
        Assert.Equal(0.5, Palette.Diverging()[2]![0]!.GetValue<double>());
    }

    private static double Grey(string colour) => ((0.299 * Part(colour, 1)) + (0.587 * Part(colour, 3)) + (0.114 * Part(colour, 5))) / 255;

    private static int Part(string colour, int at) => Convert.ToInt32(colour.Substring(at, 2), 16);
}
