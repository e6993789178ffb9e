using LST.Core;
using LST.Evaluation.Benchmarks.Ruler;

namespace LST.Evaluation.Tests.Benchmarks.Ruler;

public class RulerPromptTests
{
    [Fact]
    public void A_text_is_cut_at_its_last_question_and_the_last_answer_behind_it()
    {
        var shot = "Below is a list.\n1. a\nQuestion: What are the 10 most common words in the above list? Answer: The top 10 words are: 1. a\n";
        var text = shot + shot;

        var prompt = RulerPrompt.Of(RulerKind.CommonWords, text);

        Assert.Equal(shot + "Below is a list.\n1. a\n", prompt.Context);
        Assert.Equal("Question: What are the 10 most common words in the above list? ", prompt.Question);
        Assert.Equal("Answer: The top 10 words are: 1. a\n", prompt.AnswerPrefix);
        Assert.Equal(text, prompt.Text);
    }

    [Theory]
    [InlineData("no question here. The special magic number is")]
    [InlineData("The special magic. What is the special magic number?")]
    [InlineData("")]
    public void A_text_without_question_or_answer_is_refused(string text) =>
        Assert.Contains("The special magic", Assert.Throws<DataException>(() => RulerPrompt.Of(RulerKind.Needle, text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Questions_about_one_context_are_gathered()
    {
        RulerPrompt[] prompts = [new("c1", "q1", "a"), new("c2", "q2", "a"), new("c1", "q3", "a")];

        var groups = RulerPrompt.ByContext(prompts, prompt => prompt).ToList();

        Assert.Equal(["c1", "c2"], groups.Select(group => group.Context));
        Assert.Equal(["q1", "q3"], groups[0].Items.Select(prompt => prompt.Question));
    }

    [Fact]
    public void A_file_that_RULER_wrote_is_read_with_and_without_an_own_answer_prefix()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("niah_multikey_3.4096.jsonl",
            "{\"input\": \"X\\nWhat is the special magic uuid for k mentioned? The special magic uuid for k is\", \"outputs\": [\"u\"]}\n" +
            "{\"task\": \"vt\", \"input\": \"Y\\nQuestion: Find all variables.\", \"answer_prefix\": \" Answer: they are: \", \"outputs\": [\"A\", \"B\"]}\n");

        var items = RulerFile.Read(path);

        Assert.Equal(["niah_multikey_3 0 X\n", "vt 1 Y\n"], items.Select(item => $"{item.Task} {item.ItemId} {item.Prompt.Context}"));
        Assert.Equal("Answer: they are: ", items[1].Prompt.AnswerPrefix);
        Assert.Equal(["A", "B"], items[1].Outputs);
    }

    [Theory]
    [InlineData("vt.jsonl", "{\"input\": \"x\"}", "line 1")]
    [InlineData("vt.jsonl", "\n{", "line 2")]
    [InlineData("vt.jsonl", "{\"input\": \"Question: Find all variables Answer:\", \"outputs\": []}", "no outputs")]
    [InlineData("other.jsonl", "{\"input\": \"x\", \"outputs\": [\"a\"]}", "'other' is not one of RULER's")]
    [InlineData("vt.jsonl", "", "empty")]
    public void A_line_that_is_no_sample_is_refused_with_its_place(string name, string content, string message)
    {
        using var folder = new TemporaryFolder();

        Assert.Contains(message, Assert.Throws<DataException>(() => RulerFile.Read(folder.Write(name, content))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_development_items_of_the_shared_data_are_read()
    {
        var items = RulerFile.Read(Shared.Require("data/ruler/niah_multikey_3.4096.dev.jsonl"));

        Assert.Equal(100, items.Count);
        Assert.All(items, item => Assert.Contains(item.Outputs[0], item.Prompt.Context, StringComparison.Ordinal));
        Assert.All(items, item => Assert.StartsWith("What is the special magic uuid for ", item.Prompt.Question, StringComparison.Ordinal));
    }
}
