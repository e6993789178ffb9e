using LST.Core;
using LST.Core.Text;
using LST.Evaluation.Benchmarks;
using LST.Evaluation.Benchmarks.Recall;

namespace LST.Evaluation.Tests.Benchmarks.Recall;

public class RecallIdsTests
{
    private static readonly RecallLine Example = new("X-1", "A", "number", 1, 8, "The code is 12.", "\nQuestion: code? Answer: ", "12");

    [Theory]
    [InlineData("lst-ref", 0)]
    [InlineData("smollm2", 1)]
    [InlineData("llama2", 1)]
    public void Ids_of_the_examination_are_those_of_the_whole_string_and_the_answers_end_it(string kind, int bos)
    {
        var tokenizer = RecallTokenizers.Open(kind);
        foreach (var half in new[] { "dev", "test" })
            foreach (var item in RecallFile.Read(Shared.Require($"data/recall/{half}.jsonl")).Where((_, i) => i % 19 == 0))
            {
                var ids = RecallIds.Of(item, tokenizer, bos);
                var answer = tokenizer.Decode([.. ids.Answer.ToArray().Select(id => (int)id)]);

                Assert.Equal([bos, .. tokenizer.Encode(item.Text).Select(id => (long)id)], ids.Ids);
                // A tokenizer may take the space before the answer into its first token.
                Assert.Equal(item.Answer, answer.TrimStart(' '));
                Assert.InRange(ids.ContextTokens, 2, ids.AnswerStart - 1);
                Assert.Equal((ids.ContextTokens, ids.AnswerStart), (ids.CompressedTokens(CompressionMode.QueryAgnostic), ids.CompressedTokens(CompressionMode.QueryAware)));
            }
    }

    [Fact]
    public void The_compressed_ids_hold_the_context_and_nothing_of_the_question()
    {
        var tokenizer = RecallTokenizers.Open("lst-ref");
        foreach (var item in RecallFile.Read(Shared.Require("data/recall/dev.jsonl")).Where((_, i) => i % 5 == 0))
        {
            var ids = RecallIds.Of(item, tokenizer, 0);
            var text = tokenizer.Decode([.. ids.Ids[1..ids.ContextTokens].Select(id => (int)id)]);

            // A token may hold the end of the context and the question's line feed.
            Assert.StartsWith(text.TrimEnd('\n'), item.Context, StringComparison.Ordinal);
            Assert.InRange(text.Length, item.Context.Length - 3, item.Context.Length + 1);
        }
    }

    [Fact]
    public void Merges_across_the_border_belong_to_the_answer()
    {
        // "is " + "12": a tokenizer that merges the space with the answer gives it the space.
        var ids = RecallIds.Of(Example, new Characters(), 9);

        Assert.Equal(" 12", new Characters().Decode([.. ids.Answer.ToArray().Select(id => (int)id)]));
        Assert.Equal(Example.Context.Length, ids.ContextTokens); // BOS, and " 1" is one token
        Assert.Equal(9, ids.Ids[0]);
    }

    [Fact]
    public void Parts_without_ids_of_their_own_are_refused()
    {
        Assert.Contains("'X-1'", Assert.Throws<DataException>(() => RecallIds.Of(Example with { Answer = "" }, new Characters(), 0)).Message, StringComparison.Ordinal);
        Assert.Throws<DataException>(() => RecallIds.Of(Example with { Question = "" }, new Characters(), 0));
    }

    [Theory]
    [InlineData("dev", 288, "ABCD")]
    [InlineData("test", 432, "EFGH")]
    public void Both_halves_of_the_examination_are_read(string half, int items, string templates)
    {
        var lines = RecallFile.Read(Shared.Require($"data/recall/{half}.jsonl"));

        Assert.Equal(items, lines.Count);
        Assert.Equal(templates.Select(c => c.ToString()), lines.Select(line => line.Template).Distinct());
        Assert.All(lines, line => Assert.Contains(line.Answer, line.Context, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("\n\n", "has none")]
    [InlineData("{\"id\":\"a\"}", "line 1")]
    [InlineData("nonsense", "line 1")]
    [InlineData("{\"id\":\"a\",\"template\":\"A\",\"kind\":\"word\",\"keys\":1,\"target_tokens\":5,\"context\":\"c\",\"question\":\"q\",\"answer\":\"\"}", "answer is empty")]
    public void A_file_that_holds_no_items_is_named(string content, string reason)
    {
        using var folder = new TemporaryFolder();

        Assert.Contains(reason, Assert.Throws<DataException>(() => RecallFile.Read(folder.Write("items.jsonl", content))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_written_is_read_and_an_id_stands_for_one_item()
    {
        using var folder = new TemporaryFolder();
        var other = Example with { Id = "é\n\"2\"" };

        Assert.Equal([Example, other], RecallFile.Read(folder.Write("a.jsonl", $"{RecallFile.Format(Example)}\n{RecallFile.Format(other)}\n")));
        Assert.Contains("'X-1'", Assert.Throws<DataException>(() => RecallFile.Read(folder.Write("b.jsonl", $"{RecallFile.Format(Example)}\n{RecallFile.Format(Example)}"))).Message, StringComparison.Ordinal);
    }

    /// <summary>A token for each character, but one for a space and the digit behind it.</summary>
    private sealed class Characters : ITokenizer
    {
        private const int Merged = 1000;

        public string Description => "characters";

        public int VocabularySize => 70_000;

        public int? BosId => null;

        public int? EosId => null;

        public int[] Encode(string text, bool parseSpecial = false)
        {
            var ids = new List<int>();
            for (var i = 0; i < text.Length; i++)
                if (text[i] == ' ' && i + 1 < text.Length && char.IsAsciiDigit(text[i + 1])) ids.Add(Merged + text[++i]);
                else ids.Add(text[i]);
            return [.. ids];
        }

        public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = false) => string.Concat(ids.ToArray().Select(TokenText));

        public int? IdOf(string token) => null;

        public string TokenText(int id) => id >= Merged ? $" {(char)(id - Merged)}" : ((char)id).ToString();
    }
}
