using System.Text.Json;
using LST.Core.Tests.Models.Checkpoints;
using LST.Core.Training.Data;

namespace LST.Core.Tests.Training.Data;

public class DevelopmentSetTests
{
    private static readonly IReadOnlyList<string> Documents = Samplers.Documents(21, 10);

    [Fact]
    public void Chunks_are_those_of_protocol_e1()
    {
        var ids = Samplers.Tokenizer.Encode(string.Join('\n', Documents)).Select(id => (long)id).ToArray();

        var chunks = DevelopmentSet.Chunks(Text(TextRoles.Development), Samplers.Tokenizer, Samplers.Bos, protocolPrefix: 100, suffix: 30, chunks: 1000);

        Assert.Equal(ids.Length / 129, chunks.Count);
        for (var c = 0; c < chunks.Count; c++)
        {
            Assert.Equal([Samplers.Bos, .. ids[(c * 129)..((c + 1) * 129)]], chunks[c].Ids);
            Assert.Equal((99, 30), (chunks[c].Prefix, chunks[c].Suffix));
            Assert.Equal(chunks[c].Ids[^30..], chunks[c].Targets.ToArray());
            Assert.Equal(chunks[c].Ids[99..129], chunks[c].Inputs.ToArray());
            Assert.Null(chunks[c].Weights);
        }
    }

    [Fact]
    public void Only_the_first_chunks_are_taken() =>
        Assert.Equal(3, DevelopmentSet.Chunks(Text(TextRoles.File), Samplers.Tokenizer, Samplers.Bos, 100, 30, 3).Count);

    [Fact]
    public void Refuses_a_test_text() => Assert.Contains("no choice may be made from a test text", Assert.Throws<UsageException>(
        () => DevelopmentSet.Chunks(Text(TextRoles.Test), Samplers.Tokenizer, Samplers.Bos, 100, 30, 3)).Message);

    [Theory]
    [InlineData(1, 30, 3)]
    [InlineData(100, 0, 3)]
    [InlineData(100, 30, 0)]
    public void Refuses_lengths_that_mean_nothing(int prefix, int suffix, int chunks) => Assert.Throws<UsageException>(
        () => DevelopmentSet.Chunks(Text(TextRoles.Development), Samplers.Tokenizer, Samplers.Bos, prefix, suffix, chunks));

    [Fact]
    public void Refuses_a_text_that_is_shorter_than_a_chunk() => Assert.Contains("one chunk needs", Assert.Throws<DataException>(
        () => DevelopmentSet.Chunks(Text(TextRoles.Development), Samplers.Tokenizer, Samplers.Bos, int.MaxValue, int.MaxValue, 1)).Message);

    [Fact]
    public void Recall_items_follow_the_rule_of_the_longest_common_prefix()
    {
        var path = Shared.Require("data/recall/dev.jsonl");

        var items = DevelopmentSet.Recall(path, Samplers.Tokenizer, Samplers.Bos);

        Assert.Equal(288, items.Count);
        foreach (var (item, line) in items.Zip(File.ReadLines(path)).Where((_, i) => i % 6 == 0))
        {
            using var json = JsonDocument.Parse(line);
            string Field(string name) => json.RootElement.GetProperty(name).GetString()!;
            long[] Ids(string text) => [Samplers.Bos, .. Samplers.Tokenizer.Encode(text).Select(id => (long)id)];
            var whole = Ids(Field("context") + Field("question") + Field("answer"));
            var common = whole.Zip(Ids(Field("context") + Field("question"))).TakeWhile(pair => pair.First == pair.Second).Count();

            Assert.Equal(Field("id"), item.Id);
            Assert.Equal(whole, item.Sequence.Ids);
            Assert.Equal(Ids(Field("context")).Length, item.Sequence.Prefix);
            Assert.Equal(Enumerable.Range(item.Sequence.Prefix + 1, item.Sequence.Suffix).Select(i => i >= common ? 1f : 0f), item.Sequence.Weights!);
            Assert.Equal(Field("answer"), Assert.Single(RecallTests.Runs(item.Sequence)).Trim(' '));
        }
        Assert.Equal(["A", "B", "C", "D"], items.Select(item => item.Template).Distinct());
        Assert.Equal([1, 4, 8], items.Select(item => item.Keys).Distinct());
        Assert.Equal([512, 1024, 1536], items.Select(item => item.TargetTokens).Distinct());
    }

    [Fact]
    public void Refuses_items_of_the_examination_s_test_half() => Assert.Contains("templates A to D", Assert.Throws<UsageException>(
        () => DevelopmentSet.Recall(Shared.Require("data/recall/test.jsonl"), Samplers.Tokenizer, Samplers.Bos)).Message);

    [Theory]
    [InlineData("", "must have lines")]
    [InlineData("{", "line 1")]
    [InlineData("[]", "line 1")]
    [InlineData("null", "line 1")]
    [InlineData("""{"id":"x","template":"A"}""", "line 1")]
    [InlineData("""{"id":"x","template":"A","keys":1,"target_tokens":5,"context":null,"question":"q","answer":"a"}""", "line 1")]
    [InlineData("""{"id":"x","template":"A","keys":1,"target_tokens":5,"context":"c","question":"q","answer":""}""", "line 1")]
    public void Refuses_lines_that_are_no_items(string content, string said)
    {
        using var folder = new TemporaryFolder();

        Assert.Contains(said, Assert.Throws<DataException>(() => DevelopmentSet.Recall(folder.Write("dev.jsonl", content), Samplers.Tokenizer, Samplers.Bos)).Message);
    }

    [Fact]
    public void A_missing_file_is_named() =>
        Assert.Contains("do not exist", Assert.Throws<DataException>(() => DevelopmentSet.Recall("nowhere.jsonl", Samplers.Tokenizer, Samplers.Bos)).Message);

    private static TrainingText Text(string role) => new("prose", role, null, Documents);
}
