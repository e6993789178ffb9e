using System.Text.Json;
using System.Text.RegularExpressions;
using LST.Evaluation.Benchmarks.ZeroShot.Rolling;

namespace LST.Evaluation.Tests.Benchmarks.ZeroShot.Rolling;

public partial class WikiTextTests
{
    [Theory]
    [InlineData("He was 19 @-@ year @-@ old , 1 @,@ 000 @.@ 5 metres tall .", "He was 19-year-old, 1,000.5 metres tall .")]
    [InlineData(" = = = 2000 – 2005 = = = \n", " === 2000 – 2005 ===\n")]
    [InlineData("J. R. R. Tolkien 's \" The Hobbit \" ( 1937 ) sold 1 @,@ 500 copies .", "J. R. R. Tolkien's \"The Hobbit\" (1937) sold 1,500 copies .")]
    [InlineData("2 @.@ 5 ° and 3 °", "2.5°and 3 °")]
    [InlineData("the 1990s ' music", "the 1990s' music")]
    [InlineData("( a ( b ) c )", "(a ( b) c )")]
    [InlineData("a N b . \n \n c", "a 1 b.\n\nc")]
    public void Spaced_tokens_become_running_text(string page, string text) => Assert.Equal(text, WikiTextDetokenizer.Detokenize(page));

    // The harness's expressions; .NET's engine backtracks as Python's does.
    [Fact]
    public void Brackets_and_quotes_are_trimmed_as_the_regular_expressions_do()
    {
        var random = new System.Random(5);
        const string letters = "ab  \n()[]{}\"'\u001c";
        for (var i = 0; i < 3000; i++)
        {
            var page = string.Concat(Enumerable.Range(0, random.Next(30)).Select(_ => letters[random.Next(letters.Length)]));
            var expected = page.Replace("s '", "s'", StringComparison.Ordinal);
            foreach (var (pattern, by) in new[] { (Round(), "($1)"), (Square(), "[$1]"), (Curly(), "{$1}"), (Quotes(), "\"$1\""), (Apostrophes(), "'$1'") }) expected = pattern.Replace(expected, by);
            foreach (var (from, to) in new[] { (" \n", "\n"), ("\n ", "\n"), (" 's", "'s") }) expected = expected.Replace(from, to, StringComparison.Ordinal);

            Assert.Equal(expected, WikiTextDetokenizer.Detokenize(page));
        }
    }

    [Fact]
    public void Words_of_a_page_count_the_empty_ends() => Assert.Equal((6, 21), WikiTextPages.Count(" = Robert Boulter = \n"));

    [Fact]
    public void Pages_begin_at_headings_of_the_first_level()
    {
        const string first = " = One = \n \n Text = more = . \n = = Part = = \n x ", second = " = Two = \n y\n";

        Assert.Equal(["\n preface ", first, second], WikiTextPages.Split($"\n preface \n{first}\n{second}"));
        Assert.Equal([" = One = "], WikiTextPages.Split(" \n\n = One = "));
        Assert.Empty(WikiTextPages.Split(" \n\n"));
    }

    [Fact]
    public void The_test_file_has_62_pages_and_those_of_the_goldens_are_among_them_by_number()
    {
        var content = File.ReadAllText(Shared.Require("data/wikitext-2/wiki.test.raw"));

        var pages = WikiTextPages.Split(content);

        Assert.Equal(62, pages.Count);
        Assert.Equal(content, " \n" + string.Join('\n', pages));   // the blank line before the first heading is no page
        foreach (var line in File.ReadLines(Shared.Require("goldens/hf-eval/texts.jsonl")))
        {
            var row = JsonDocument.Parse(line).RootElement;
            Assert.Equal(row.GetProperty("page").GetString(), pages[int.Parse(row.GetProperty("id").GetString()!.Split('#')[1], System.Globalization.CultureInfo.InvariantCulture)]);
        }
    }

    private const string Space = @"[\s\u001c-\u001f]*";

    [GeneratedRegex(@"\(" + Space + @"([^\)]*?)" + Space + @"\)")]
    private static partial Regex Round();

    [GeneratedRegex(@"\[" + Space + @"([^\]]*?)" + Space + @"\]")]
    private static partial Regex Square();

    [GeneratedRegex(@"{" + Space + @"([^}]*?)" + Space + @"}")]
    private static partial Regex Curly();

    [GeneratedRegex("\"" + Space + "([^\"]*?)" + Space + "\"")]
    private static partial Regex Quotes();

    [GeneratedRegex("'" + Space + "([^']*?)" + Space + "'")]
    private static partial Regex Apostrophes();
}
