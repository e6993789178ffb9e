using LST.Core.Training.Data;

namespace LST.Core.Tests.Training.Data;

public class MixtureSettingsTests
{
    public static TheoryData<string, MixtureSettings> Wrong => new()
    {
        { "at least 2 tokens", new() { PrefixMin = 1 } },
        { "shortest length 1023", new() { PrefixMax = 1000 } },
        { "at least 1 token", new() { Suffix = 0 } },
        { "at most", new() { PrefixMax = int.MaxValue } },
        { "weights of kinds must not all be 0", new() { Kinds = new KindWeights(0, 0, 0, 0) } },
        { "weight of recall", new() { Kinds = new KindWeights(Recall: -1) } },
        { "weight of text", new() { Kinds = new KindWeights(double.NaN) } },
        { "weights of sources must not all be 0", new() { SourceWeights = new Dictionary<string, double>() } },
        { "weight of hills", new() { SourceWeights = new Dictionary<string, double> { ["hills"] = double.PositiveInfinity } } },
        { "repeated span", new() { RepeatMin = 0 } },
        { "repeated span", new() { RepeatMax = 3 } },
        { "targets of repeats", new() { RepeatTargets = (RepeatTargets)9 } },
        { "letters of A, B, C, D", new() { RecallTemplates = "AE" } },
        { "letters of A, B, C, D", new() { RecallTemplates = "" } },
        { "recall statements", new() { StatementsMin = 0 } },
        { "recall statements", new() { StatementsMax = 0 } },
        { "recall questions", new() { QuestionsMax = 0 } },
        { "weight of questions", new() { QuestionWeight = -0.1f } },
        { "but found none", new() { RulerTasks = [] } },
        { "ruler tasks", new() { RulerTasks = [(RulerTask)77] } },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Refuses_values_that_mean_nothing(string said, MixtureSettings settings)
    {
        Assert.Contains(said, Assert.Throws<UsageException>(settings.Validate).Message);
        Assert.Throws<UsageException>(() => Samplers.Sampler(settings));
    }

    [Fact]
    public void The_defaults_are_valid() => new MixtureSettings().Validate();

    [Fact]
    public void Refuses_sources_that_are_missing_twice_unknown_or_too_short()
    {
        var tiny = Samplers.Stream("tiny", 3, 1);
        string Message(IReadOnlyList<TokenStream> sources, MixtureSettings settings) =>
            Assert.Throws<UsageException>(() => new SequenceSampler(settings, sources, Samplers.Tokenizer, Samplers.Bos, 1)).Message;

        Assert.Contains("at least one text", Message([], Samplers.Small));
        Assert.Contains("'tiny' is there twice", Message([tiny, tiny], Samplers.Small));
        Assert.Contains("'seas' is none; the texts are hills, rivers", Message(Samplers.Sources, Samplers.Small with { SourceWeights = new Dictionary<string, double> { ["seas"] = 1 } }));
        Assert.Contains($"needs 5160 tokens, but the text has {tiny.Count}", Message([tiny], Samplers.Small with { PrefixMin = 5000, PrefixMax = 5000 }));
    }

    [Theory]
    [InlineData("test")]
    [InlineData("development")]
    public void Refuses_streams_that_must_not_be_learned(string role)
    {
        var stream = new TokenStream("wiki", role, [.. Enumerable.Range(0, 2000)], 8192, isWhole: true);

        Assert.Contains("'wiki'", Assert.Throws<UsageException>(() => new SequenceSampler(Samplers.Small, [stream], Samplers.Tokenizer, Samplers.Bos, 1)).Message);
    }
}
