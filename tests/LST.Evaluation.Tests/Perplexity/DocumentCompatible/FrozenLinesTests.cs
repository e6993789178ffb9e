using LST.Core;
using LST.Evaluation.Perplexity.DocumentCompatible;
using LST.Evaluation.Random;
using LST.Evaluation.Texts;

namespace LST.Evaluation.Tests.Perplexity.DocumentCompatible;

/// <summary>The lines that E3 is defined on, and what becomes of one.</summary>
public class FrozenLinesTests
{
    [Fact]
    public void The_list_is_what_its_rule_draws_from_the_text()
    {
        Shared.Require("data/wikitext-2/wiki.test.raw");
        var lines = ReferenceModel.Load("wikitext2").Content.Split('\n');
        var order = Enumerable.Range(0, lines.Length).ToList();
        new PyRandom(42).Shuffle(order);

        Assert.Equal(order.Where(line => lines[line].EnumerateRunes().Count() > 200).Take(100), LineSamples.Lines);
    }

    [Fact]
    public void There_are_a_hundred_and_none_twice()
    {
        Assert.Equal(100, LineSamples.Lines.Distinct().Count());
        Assert.Equal([1532, 2492, 1929], LineSamples.Lines.Take(3));
    }

    [Theory]
    [InlineData(98, null)]
    [InlineData(99, 50)]
    [InlineData(100, 50)]
    [InlineData(510, 255)]
    [InlineData(511, 256)]
    [InlineData(900, 256)]
    public void A_line_gets_BOS_is_cut_to_512_ids_and_halved_and_short_ones_are_left_out(int ids, int? prefix)
    {
        var text = Lines(_ => ids.ToString(System.Globalization.CultureInfo.InvariantCulture));
        (IReadOnlyList<Evaluation.Perplexity.Chunk> Samples, IReadOnlyList<int> Lines) Cut() => LineSamples.Of(text, line => [.. Enumerable.Range(1, int.Parse(line, System.Globalization.CultureInfo.InvariantCulture))], 7, null);

        if (prefix is not { } expected)
        {
            Assert.Contains("at least 100 ids, none of the 100 lines does", Assert.Throws<DataException>(() => Cut()).Message, StringComparison.Ordinal);
            return;
        }
        var (samples, lines) = Cut();
        long[] all = [7, .. Enumerable.Range(1, Math.Min(ids, 511)).Select(id => (long)id)];

        Assert.Equal(LineSamples.Lines, lines);
        Assert.All(samples, sample => Assert.Equal(all, sample.Ids));
        Assert.Equal(all[..expected], samples[0].Prompt.ToArray());
        Assert.Equal(all[expected..^1], samples[0].Inputs.ToArray());
        Assert.Equal(all[(expected + 1)..], samples[0].Targets.ToArray());
    }

    [Fact]
    public void A_limit_counts_samples_that_are_long_enough()
    {
        var text = Lines(line => line == LineSamples.Lines[0] ? "10" : "150");

        var (samples, lines) = LineSamples.Of(text, line => new int[int.Parse(line, System.Globalization.CultureInfo.InvariantCulture)], 0, 2);

        Assert.Equal([LineSamples.Lines[1], LineSamples.Lines[2]], lines);
        Assert.Equal(2, samples.Count);
    }

    [Fact]
    public void Another_text_is_refused() =>
        Assert.Contains("--text prose: protocol e3 is defined on 100 lines of wikitext2", Assert.Throws<UsageException>(() => LineSamples.Of(ReferenceModel.Prose, _ => [], 0, null)).Message, StringComparison.Ordinal);

    /// <summary>A text by the name of the true one, of as many lines.</summary>
    internal static LoadedText Lines(Func<int, string> line) => ReferenceModel.Text(string.Join('\n', Enumerable.Range(0, 4359).Select(line)), LineSamples.TextName);
}
