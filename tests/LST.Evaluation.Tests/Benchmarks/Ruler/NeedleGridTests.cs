using LST.Core;
using LST.Core.Text;
using LST.Evaluation.Benchmarks.Ruler.Grid;

namespace LST.Evaluation.Tests.Benchmarks.Ruler;

public class NeedleGridTests
{
    private readonly NeedleGridMaker maker = new(new LetterTokenizer(), InventedData.Essays(40));

    [Fact]
    public void Every_cell_has_the_needle_behind_a_full_stop_not_deeper_than_asked_for()
    {
        foreach (var cell in maker.Grid([400, 1000, 5000], NeedleGridMaker.Depths))
        {
            var book = cell.Context["<|im_start|> This is a very long story book: <book> ".Length..^" </book>.\n".Length];
            var before = book[..cell.NeedleToken];

            Assert.Equal(cell.Length - 200, cell.BookTokens);
            Assert.Equal(cell.BookTokens, book.Length);
            Assert.Equal(SanFranciscoNeedle.Text, book[cell.NeedleToken..(cell.NeedleToken + SanFranciscoNeedle.Text.Length)]);
            Assert.True(before.Length == 0 || before[^1] == '.' || cell.Depth == 100, cell.ItemId);
            Assert.InRange(cell.NeedleToken, 0, (book.Length - SanFranciscoNeedle.Text.Length) * cell.Depth / 100);
        }
    }

    [Fact]
    public void Depth_0_is_the_beginning_and_depth_100_the_end()
    {
        Assert.Equal(0, maker.Make(1000, 0).NeedleToken);
        var last = maker.Make(1000, 100);
        Assert.Equal(last.BookTokens - SanFranciscoNeedle.Text.Length, last.NeedleToken);
    }

    [Fact]
    public void The_needle_goes_back_no_further_than_the_next_full_stop()
    {
        var text = InventedData.Essays(40);

        var cell = maker.Make(2000, 50);

        var asked = (cell.BookTokens - SanFranciscoNeedle.Text.Length) / 2;
        Assert.Equal(text[..asked].LastIndexOf('.') + 1, cell.NeedleToken);
    }

    [Fact]
    public void A_prompt_is_context_and_question_and_repeats()
    {
        var cell = maker.Make(700, 33);

        Assert.Equal(cell.Context + " Based on the content of the book, Question: The best thing to do in San Francisco is: \nAnswer:", cell.Prompt);
        Assert.Equal(cell, new NeedleGridMaker(new LetterTokenizer(), InventedData.Essays(40)).Make(700, 33));
        Assert.Equal("700/33", cell.ItemId);
    }

    [Fact]
    public void The_order_in_which_cells_are_made_does_not_change_them()
    {
        var small = maker.Make(400, 44);
        maker.Make(9000, 44);

        Assert.Equal(small, maker.Make(400, 44));
    }

    [Fact]
    public void Cells_that_cannot_be_made_are_refused()
    {
        Assert.Contains("but 250 were asked for", Assert.Throws<UsageException>(() => maker.Make(250, 50)).Message, StringComparison.Ordinal);
        Assert.Contains("but it is 101", Assert.Throws<UsageException>(() => maker.Make(1000, 101)).Message, StringComparison.Ordinal);
        Assert.Throws<DataException>(() => new NeedleGridMaker(new LetterTokenizer(), "").Make(1000, 50));
    }

    [Theory]
    [InlineData("eat a Sandwich in DOLORES PARK", 1)]
    [InlineData("eat a sandwich", 0)]
    [InlineData("", 0)]
    public void An_answer_passes_with_both_words(string response, double score) => Assert.Equal(score, SanFranciscoNeedle.Score(response));

    /// <summary>A token a UTF-16 unit.</summary>
    private sealed class LetterTokenizer : ITokenizer
    {
        public string Description => "letters";

        public int VocabularySize => 65536;

        public int? BosId => null;

        public int? EosId => null;

        public int[] Encode(string text, bool parseSpecial = false) => [.. text.Select(c => (int)c)];

        public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = false)
        {
            var text = new char[ids.Length];
            for (var i = 0; i < ids.Length; i++) text[i] = (char)ids[i];
            return new string(text);
        }

        public int? IdOf(string token) => token.Length == 1 ? token[0] : null;

        public string TokenText(int id) => ((char)id).ToString();
    }
}
