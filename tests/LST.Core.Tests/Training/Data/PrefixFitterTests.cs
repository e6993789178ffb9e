using CsCheck;
using LST.Core.Training.Data.Kinds;

namespace LST.Core.Tests.Training.Data;

public class PrefixFitterTests
{
    private static readonly QuestionLayout Layout = new(Samplers.Tokenizer, Samplers.Bos);
    private static readonly PrefixFitter Fitter = new(Layout);

    [Fact]
    public void The_largest_size_that_fits_is_found() => Gen.Select(Gen.Int[0, 5], Gen.Int[0, 60], Gen.Int[1, 200]).Sample((least, most, prefix) =>
    {
        static string Build(int size) => string.Concat(Enumerable.Repeat("one two three. ", size));
        var expected = Enumerable.Range(least, Math.Max(0, most - least + 1)).Where(size => Layout.Count(Build(size)) <= prefix).DefaultIfEmpty(-1).Max();

        Assert.Equal(expected, Fitter.Largest(Build, least, most, prefix));
    }, iter: 200, threads: 1);

    [Fact]
    public void A_filler_makes_the_length_exact_and_is_the_end_of_what_was_given() => Gen.Select(Gen.ULong[1, 500], Gen.Int[20, 300]).Sample((seed, prefix) =>
    {
        var filler = string.Concat(Samplers.Documents(seed, 3)).Replace('\n', ' ').Trim();

        var filled = Fitter.Fill(filler, " ", "The context itself.", prefix);

        Assert.InRange(Layout.Count(filled), prefix - 1, prefix);
        Assert.EndsWith(" The context itself.", filled);
        Assert.EndsWith(filled[..^" The context itself.".Length], filler);
    }, iter: 100, threads: 1);

    [Fact]
    public void No_filler_exceeds_the_prefix_or_tears_a_character() => Gen.Select(Gen.Int[0, 6].Select(i => new[] { "a", " ", "1", ".", "é", "\U0001F600", "\U0001F4A9" }[i]).List[0, 60].Select(parts => string.Concat(parts)), Gen.Int[1, 40]).Sample((filler, prefix) =>
    {
        var filled = Fitter.Fill(filler, " ", "Fits.", Math.Max(prefix, Layout.Count("Fits.")));

        Assert.True(Layout.Count(filled) <= Math.Max(prefix, Layout.Count("Fits.")));
        Assert.EndsWith("Fits.", filled);
        Assert.False(char.IsLowSurrogate(filled[0]));
    }, iter: 300, threads: 1);
}
