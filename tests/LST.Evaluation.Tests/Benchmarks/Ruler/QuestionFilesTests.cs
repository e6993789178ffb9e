using LST.Core;
using LST.Evaluation.Benchmarks.Ruler;
using LST.Evaluation.Benchmarks.Ruler.Questions;

namespace LST.Evaluation.Tests.Benchmarks.Ruler;

public sealed class QuestionFilesTests : IDisposable
{
    private readonly InventedData invented = new();

    public void Dispose() => invented.Dispose();

    [Fact]
    public void Squad_gives_answerable_questions_with_their_paragraph_and_the_others_of_the_article()
    {
        Assert.Empty(invented.Data.Digests());
        var set = invented.Data.Squad;
        Assert.Equal(64, Assert.Single(invented.Data.Digests(), file => file.Key == "squad").Value.Length);

        Assert.Equal(InventedData.Articles * InventedData.Paragraphs, set.Questions.Count);
        Assert.Equal(set.Documents.Order(StringComparer.Ordinal), set.Documents);
        Assert.Equal(["12", "the number"], set.Questions[7].Answers);
        Assert.StartsWith("Paragraph 2 of article 1", set.Documents[Assert.Single(set.Questions[7].Own)], StringComparison.Ordinal);
        Assert.Equal(InventedData.Paragraphs - 1, set.Questions[7].More.Count);
        Assert.All(set.Questions[7].More, document => Assert.Contains("of article 1 ", set.Documents[document], StringComparison.Ordinal));
    }

    [Fact]
    public void HotpotQa_gives_a_title_and_sentences_as_a_document()
    {
        var set = invented.Data.HotpotQa;

        Assert.Equal((InventedData.Questions, 20), (set.Questions.Count, set.Documents.Count));
        Assert.Contains("Title 3\nIt is about animal3. That is all.", set.Documents);
        Assert.Equal(10, set.Questions[0].Own.Count);
        Assert.Empty(set.Questions[0].More);
    }

    [Theory]
    [InlineData("qa_1", 500)]
    [InlineData("qa_2", 350)]
    [InlineData("qa_2", 3000)]
    public void Sample_i_is_question_i_among_all_of_its_documents_and_the_last_question_ends_them(string name, int length)
    {
        var task = RulerTasks.Find(name);
        var set = task.Questions == QuestionSource.Squad ? invented.Data.Squad : invented.Data.HotpotQa;

        var samples = invented.Samples(new(task, length)).ToList();

        Assert.Equal(set.Questions.Count, samples.Count);
        foreach (var (sample, question) in samples.Zip(set.Questions))
        {
            Assert.EndsWith($"Question: {question.Text}", sample.Input, StringComparison.Ordinal);
            Assert.Equal(question.Answers, sample.Outputs);
            Assert.All(question.Own, document => Assert.Contains(set.Documents[document] + "\n\n", sample.Input, StringComparison.Ordinal));
            Assert.Contains("Document 1:\n", sample.Input, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void More_documents_than_there_are_begin_again()
    {
        var sample = invented.Samples(new(RulerTasks.Find("qa_2"), 3000)).First();

        Assert.True(sample.Size > invented.Data.HotpotQa.Documents.Count);
        Assert.True(sample.Input.Split("Title 3\n").Length > 2);
    }

    [Fact]
    public void A_missing_file_is_one_error_with_its_place_and_its_source()
    {
        var nothing = new RulerData(_ => null);

        Assert.Contains("ruler/squad.json", Missing("qa_1"), StringComparison.Ordinal);
        Assert.Contains("hotpot_dev_distractor_v1.json", Missing("qa_2"), StringComparison.Ordinal);
        Assert.Contains("haystack/paul_graham_essays.txt", Missing("niah_single_2"), StringComparison.Ordinal);
        Assert.Contains("LST_DATA", Missing("niah_single_2"), StringComparison.Ordinal);
        Assert.Equal(2, RulerSequence.Samples(new(RulerTasks.Find("niah_single_1"), 1024), InventedData.Words, nothing, TestContext.Current.CancellationToken).Take(2).Count());

        string Missing(string task) => Assert.Throws<DataException>(() => RulerSequence.Begin(new(RulerTasks.Find(task), 4096), InventedData.Words, nothing, TestContext.Current.CancellationToken)).Message;
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{\"data\": []}")]
    [InlineData("{\"data\": [{\"paragraphs\": [{\"qas\": []}]}]}")]
    [InlineData("{\"data\": [{\"paragraphs\": [{\"context\": \"c\", \"qas\": [{\"question\": null, \"is_impossible\": false, \"answers\": []}]}]}]}")]
    [InlineData("not JSON")]
    public void Another_file_under_that_name_is_refused_with_what_it_has_to_be(string content)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("squad.json", content);

        Assert.Contains("SQuAD 2.0", Assert.Throws<DataException>(() => QuestionFiles.ReadSquad(path)).Message, StringComparison.Ordinal);
        Assert.Contains("HotpotQA", Assert.Throws<DataException>(() => QuestionFiles.ReadHotpotQa(path)).Message, StringComparison.Ordinal);
    }
}
