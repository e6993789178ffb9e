using LST.Core;
using LST.Evaluation.Benchmarks.Ruler;

namespace LST.Evaluation.Tests.Benchmarks.Ruler;

public sealed class RulerSampleTests : IDisposable
{
    private readonly InventedData invented = new();

    public static TheoryData<string> Tasks => [.. RulerTasks.All.Select(task => task.Name)];

    public void Dispose() => invented.Dispose();

    [Fact]
    public void The_worked_example_comes_out_to_the_character()
    {
        var line = "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again.\n";

        var sequence = invented.Begin(new(RulerTasks.Find("niah_single_1"), 300));
        var sample = sequence.Next()!;

        Assert.Equal("A special magic number is hidden within the following text. Make sure to memorize it. I will quiz you about the number afterwards.\n"
            + string.Concat(Enumerable.Repeat(line, 4)) + "One of the special magic numbers for faulty-pimple is: 8536477.\n" + line + line
            + "What is the special magic number for faulty-pimple mentioned in the provided text?", sample.Input);
        Assert.Equal(" The special magic number for faulty-pimple mentioned in the provided text is", sample.AnswerPrefix);
        Assert.Equal(["8536477"], sample.Outputs);
        Assert.Equal([17, 10, 7, 5, 6], sequence.Search.Select(step => step.Size));
        Assert.Equal((6, 300), (sample.Size, sample.Length));
    }

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Every_sample_fits_and_holds_its_answers(string name)
    {
        foreach (var settings in Some(name))
            foreach (var sample in Make(settings, 4))
            {
                Assert.InRange(sample.Length, 1, settings.MaxLength);
                Assert.Equal(sample.Length, InventedData.Words(sample.Text) + settings.Task.NewTokens);
                Assert.All(sample.Outputs.Where(output => output != "the number"), output => Assert.Contains(output, sample.Split().Context, StringComparison.Ordinal));
                Assert.StartsWith(" ", sample.AnswerPrefix, StringComparison.Ordinal);
            }
    }

    [Theory]
    [MemberData(nameof(Tasks))]
    public void A_sample_depends_on_the_seed_and_not_on_how_many_are_made(string name)
    {
        foreach (var settings in Some(name))
        {
            var five = Make(settings, 5);

            Assert.Equal(Shown(five[1]), Shown(Make(settings, 2)[1]));
            Assert.Equal(Shown(five[4]), Shown(invented.Samples(settings).ElementAt(4)));
            Assert.Equal([0, 1, 2, 3, 4], five.Select(sample => sample.Index));
            Assert.Equal(5, five.Select(sample => sample.Text).Distinct().Count());
            Assert.NotEqual(five[1].Text, Make(settings with { Seed = settings.Seed + 1 }, 2)[1].Text);
        }
    }

    [Theory]
    [MemberData(nameof(Tasks))]
    public void Context_question_and_answer_prefix_are_the_whole(string name)
    {
        foreach (var settings in Some(name))
            foreach (var sample in Make(settings, 3))
            {
                var prompt = sample.Split();

                Assert.Equal(sample.Input + sample.AnswerPrefix, prompt.Context + prompt.Question + prompt.AnswerPrefix);
                Assert.Equal(sample.AnswerPrefix, " " + prompt.AnswerPrefix);
                Assert.StartsWith(settings.Wrap.Head, prompt.Context, StringComparison.Ordinal);
                Assert.EndsWith(settings.Wrap.Tail + " ", prompt.Question, StringComparison.Ordinal);
                Assert.DoesNotContain("?", prompt.AnswerPrefix, StringComparison.Ordinal);
            }
    }

    [Fact]
    public void Needle_answers_are_found_where_the_sample_says()
    {
        foreach (var name in RulerTasks.All.Where(task => task.Kind == RulerKind.Needle).Select(task => task.Name))
            foreach (var settings in Some(name))
                foreach (var sample in Make(settings, 3))
                {
                    Assert.Equal(sample.Input.IndexOf(sample.Outputs[0], StringComparison.Ordinal), sample.AnswerOffset);
                    Assert.Equal(InventedData.Words(sample.Input[..sample.AnswerOffset!.Value]), sample.AnswerToken);
                }
    }

    [Fact]
    public void The_wrap_of_the_model_is_edited_with_the_template_and_the_example_stays_inside_of_it()
    {
        var template = RulerTemplate.Find("Some answers are good. USER: {T} ASSISTANT:");
        var one = Make(new(RulerTasks.Find("niah_single_1"), 700, Template: template), 1)[0];
        var many = Make(new(RulerTasks.Find("niah_multivalue"), 700, Variant: RulerVariant.EssayStep25, Template: template), 1)[0];
        var tracking = Make(new(RulerTasks.Find("vt"), 1600, Template: template), 1)[0];

        Assert.StartsWith("A answer is good. USER: A special magic number is hidden", one.Input, StringComparison.Ordinal);
        Assert.StartsWith("Some answers are good. USER: Some special magic numbers are hidden", many.Input, StringComparison.Ordinal);
        Assert.StartsWith("Some answers are good. USER: Memorize and track", tracking.Input, StringComparison.Ordinal);
        Assert.Equal(2, tracking.Input.Split("USER:").Length);
        Assert.Equal(3, tracking.Input.Split("Memorize and track").Length);
        Assert.All([one, many, tracking], sample => Assert.EndsWith("ASSISTANT:", sample.Input, StringComparison.Ordinal));
    }

    [Fact]
    public void Essay_step_25_fills_the_length_that_a_step_of_500_leaves_empty()
    {
        var task = RulerTasks.Find("niah_multikey_1");

        var samples = Make(new(task, 1024, Variant: RulerVariant.EssayStep25), 5);

        Assert.All(samples, sample => Assert.InRange(sample.Length, 1024 - 60, 1024));
    }

    [Theory]
    [InlineData("niah_single_2", 300, "essay_step_25")]
    [InlineData("niah_multikey_3", 150, "larger length")]
    [InlineData("vt", 300, "no_example")]
    [InlineData("cwe", 300, "larger length")]
    [InlineData("fwe", 149, "150")]
    [InlineData("fwe", 1, "150")]
    [InlineData("niah_single_1", 1, "larger length")]
    [InlineData("qa_2", 40, "larger length")]
    public void A_length_at_which_nothing_fits_is_one_error(string name, int length, string remedy)
    {
        var error = Assert.Throws<DataException>(() => Make(new(RulerTasks.Find(name), length), 1));

        Assert.Contains($"{name} at {length} can never be made", error.Message, StringComparison.Ordinal);
        Assert.Contains(remedy, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sample_that_does_not_fit_is_retried_smaller_before_it_is_given_up()
    {
        // A tokenizer that counts more and more: the size found by the search is too large for the samples.
        var calls = 0;
        int Growing(string text) => InventedData.Words(text) + (calls++ / 4 * 10);

        var sample = invented.Samples(new(RulerTasks.Find("niah_single_1"), 1024), Growing).ElementAt(3);

        Assert.InRange(sample.Length, 1, 1024);
        Assert.True(sample.Text.Split("The grass is green.").Length - 1 < sample.Size);
    }

    [Fact]
    public void Making_stops_when_it_is_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();

        Assert.Throws<OperationCanceledException>(() => RulerSequence.Begin(new(RulerTasks.Find("vt"), 2048), InventedData.Words, invented.Data, cancel.Token));
    }

    [Fact]
    public void Lengths_variants_and_names_that_do_not_exist_are_wrong_usage()
    {
        Assert.Contains("cwe, fwe, qa_1", Assert.Throws<UsageException>(() => RulerTasks.Find("niah_single_4")).Message, StringComparison.Ordinal);
        Assert.Contains("essay_step_25", Assert.Throws<UsageException>(() => RulerVariants.Find("essay")).Message, StringComparison.Ordinal);
        Assert.Contains("no variant 'no_example'", Assert.Throws<UsageException>(() => Make(new(RulerTasks.Find("cwe"), 4096, Variant: RulerVariant.NoExample), 1)).Message, StringComparison.Ordinal);
        Assert.Contains("but it is 0", Assert.Throws<UsageException>(() => Make(new(RulerTasks.Find("cwe"), 0), 1)).Message, StringComparison.Ordinal);
        Assert.Contains("0 times", Assert.Throws<UsageException>(() => RulerTemplate.Find("alpaca")).Message, StringComparison.Ordinal);
        Assert.Equal(RulerVariant.EssayStep25, RulerVariants.Find("Essay-Step-25"));
        Assert.Same(RulerTemplate.MetaChat, RulerTemplate.Find("meta-chat"));
        Assert.Same(RulerTemplate.Base, RulerTemplate.Find("{T}"));
    }

    [Fact]
    public void Item_ids_differ_over_lengths_variants_and_samples()
    {
        var ids = Some("niah_single_2").SelectMany(settings => Make(settings, 3)).Select(sample => sample.ItemId).ToList();

        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.Contains("1100/reference/2", ids);
    }

    private static IEnumerable<RulerSettings> Some(string name)
    {
        var task = RulerTasks.Find(name);
        foreach (var variant in RulerVariants.Of(task))
        {
            yield return new(task, 1100, 7, variant, RulerTemplate.MetaChat);
            yield return new(task, 1900, 42, variant);
        }
    }

    private List<RulerSample> Make(RulerSettings settings, int count) => [.. invented.Samples(settings).Take(count)];

    private static string Shown(RulerSample sample) =>
        $"{sample.ItemId} {sample.Size} {sample.Length} {sample.AnswerOffset} {sample.AnswerToken} {string.Join('|', sample.Outputs)} {sample.Input}#{sample.AnswerPrefix}";
}
