using CsCheck;
using LST.Core.Baselines;
using LST.Core.Compression;
using LST.Core.Tests.Compression;
using static TorchSharp.torch;

namespace LST.Core.Tests.Baselines;

public class AdaKvTests
{
    private static readonly string[] Laid = ["snapkv:observe=3:kernel=3:pooling=avg", "h2o:recent=2:sinks=1", "h2o:recent=n/2", "tova:keep-last=true", "knorm", "keydiff", "expected-attention:sinks=2", "lagkv:lag=4:sinks=1", "pyramidkv:observe=2"];

    [Fact]
    public void Heads_share_the_slots_as_written_out_in_double() =>
        Gen.Select(Choices.Of(Laid), Gen.Int[0, 10], Gen.Int[1, 40], Gen.Int[1, 3], Gen.Int[1, 2], Gen.Int[2, 16], Gen.Int[0, 9999]).Sample((scorer, tenths, tokens, heads, group, halves, seed) =>
        {
            var ratio = Ratio.Of(halves, 2);
            using var scope = NewDisposeScope();
            var layer = new RandomLayer(heads, group, tokens, seed);
            using var plain = (IScoringCompressor)MethodSpec.Parse(scorer).Create();
            var budget = plain.Plan(layer.Plan(ratio)).Layers[0];
            var slots = budget.SlotsByHead[0];

            using var actual = layer.Compress(FormattableString.Invariant($"adakv:alpha={tenths / 10.0}:scorer={scorer}"), ratio);

            var expected = slots >= tokens ? [.. Enumerable.Repeat(Enumerable.Range(0, tokens).ToArray(), heads)]
                : Shared(PlainNumbers.Heads(plain.Scores(layer.Context, budget).unsqueeze(-1)), tokens, plain.Kept(budget), heads * slots, Math.Max(1, tenths * slots / 10));
            for (var h = 0; h < heads; h++) Assert.Equal(expected[h], RandomLayer.Kept(actual, h));
        }, iter: 400, threads: 1);

    [Fact]
    public void With_alpha_one_it_is_the_scorer_itself() =>
        Gen.Select(Choices.Of(Laid), Gen.Int[1, 40], Gen.Int[2, 16], Gen.Int[0, 9999]).Sample((scorer, tokens, halves, seed) =>
        {
            using var scope = NewDisposeScope();
            var layer = new RandomLayer(2, 2, tokens, seed);

            using var alone = layer.Compress(scorer, Ratio.Of(halves, 2));
            using var shared = layer.Compress($"adakv:alpha=1:scorer={scorer}", Ratio.Of(halves, 2));

            for (var h = 0; h < 2; h++) Assert.Equal(RandomLayer.Kept(alone, h), RandomLayer.Kept(shared, h));
        }, iter: 200, threads: 1);

    [Fact]
    public void Slots_of_layers_are_those_of_the_scorer()
    {
        using var alone = MethodSpec.Parse("pyramidkv:observe=4").Create();
        using var shared = MethodSpec.Parse("adakv:scorer=pyramidkv:observe=4").Create();
        var context = new PlanContext(100, 5, 3, Ratio.Of(4));

        var (expected, actual) = (alone.Plan(context), shared.Plan(context));

        Assert.Equal(expected.Layers.Select(layer => layer.Total), actual.Layers.Select(layer => layer.Total));
        Assert.All(actual.Layers, layer => Assert.Equal(BudgetRule.WholeLayer, layer.Rule));
    }

    [Fact]
    public void Over_kvzip_every_layer_has_the_same_slots()
    {
        using var shared = (AdaKv)MethodSpec.Parse("adakv:scorer=kvzip").Create();

        Assert.IsType<KvZip>(shared.Scorer);
        Assert.Equal(CompressorNeeds.ModelPasses, shared.Needs);
        Assert.All(shared.Plan(new PlanContext(100, 5, 3, Ratio.Of(4))).Layers, layer => Assert.Equal(75, layer.Total));
    }

    [Fact]
    public void Lies_over_every_method_that_scores()
    {
        using var model = Models.TinyModels.Load(Models.TinyModels.Gqa);
        foreach (var scorer in Scorers.Entries)
        {
            using var shared = MethodSpec.Parse($"adakv:scorer={scorer.Name}").CreateWithPrompt();
            using var prompts = PromptCompression.Run(model, Models.TinyModels.Prompt(60, 3), [new CompressionJob(shared, Ratio.Of(2)), new CompressionJob(shared, Ratio.Of(8))],
                cancel: TestContext.Current.CancellationToken);

            Assert.All(prompts.Jobs, job => Assert.Equal(job.Plan.Total, job.Slots));
        }
    }

    [Fact]
    public void The_scorers_options_are_its_own_wherever_they_stand()
    {
        var spec = MethodSpec.Parse("adakv:recent=8:Scorer=H2O:normalize=by_count");

        Assert.Equal("adakv:recent=8:scorer=h2o:normalize=by-count", spec.Typed);
        Assert.Equal(new Dictionary<string, string> { ["scorer"] = "h2o", ["alpha"] = "0.2", ["sinks"] = "0", ["recent"] = "8", ["normalize"] = "by-count", ["group"] = "mean" }, spec.Options.Values);
        Assert.Equal("adakv:scorer=expected-attention", MethodSpec.Parse("adakv:scorer=expected").Typed);
        Assert.Equal("32", MethodSpec.Parse("adakv").Options["observe"]);
    }

    [Theory]
    [InlineData("mean"), InlineData("dense"), InlineData("lst"), InlineData("adakv"), InlineData("nothing"), InlineData("")]
    public void A_method_that_does_not_score_is_refused_and_those_that_do_are_listed(string scorer)
    {
        var message = Assert.Throws<UsageException>(() => MethodSpec.Parse($"adakv:recent=8:scorer={scorer}")).Message;

        var known = message.Split("expected a method that scores tokens one by one, one of ");
        Assert.EndsWith($"option scorer='{scorer}': ", known[0]);
        string[] scoring = ["h2o", "tova", "snapkv", "pyramidkv", "knorm", "keydiff", "expected-attention", "kvzip", "lagkv"];
        Assert.Equal(scoring, known[1].Split(", ").Intersect(scoring));
        Assert.DoesNotContain(scorer, known[1].Split(", "));
    }

    [Theory]
    [InlineData("adakv:recent=8", "method 'adakv' over 'snapkv' has no option 'recent'; known options: scorer, alpha, observe, kernel, pooling, group, group-order")]
    [InlineData("adakv:scorer=knorm:sinks=4", "method 'adakv' over 'knorm' has no option 'sinks'; known options: scorer, alpha")]
    [InlineData("adakv:scorer=h2o:scorer=tova", "'scorer' is given twice")]
    [InlineData("adakv:alpha=1.5", "a head cannot own more than its n slots")]
    [InlineData("adakv:kernel=2", "method 'snapkv', option kernel=2")]
    public void Refuses_in_a_sentence(string typed, string said) => Assert.Contains(said, Assert.Throws<UsageException>(() => MethodSpec.Parse(typed).Create()).Message);

    // What is kept in any case, then each head's best until it owns its safe number, then the best of all heads.
    private static int[][] Shared(double[][][] scores, int tokens, (int Sinks, int Recent) kept, int total, int safe)
    {
        var heads = scores.Length;
        var taken = Enumerable.Range(0, heads).Select(_ => Enumerable.Range(0, tokens).Select(j => j < kept.Sinks || j >= tokens - kept.Recent).ToArray()).ToArray();
        IEnumerable<(int Head, int Token, double Score)> Free(int first, int last) =>
            from h in Enumerable.Range(first, last - first + 1) from j in Enumerable.Range(0, tokens) where !taken[h][j] orderby scores[h][j][0] descending, h, j select (h, j, scores[h][j][0]);
        for (var h = 0; h < heads; h++)
            while (taken[h].Count(isTaken => isTaken) < safe) taken[h][Free(h, h).First().Token] = true;
        while (taken.Sum(head => head.Count(isTaken => isTaken)) < total)
        {
            var (head, token, _) = Free(0, heads - 1).First();
            taken[head][token] = true;
        }
        return [.. taken.Select(head => Enumerable.Range(0, tokens).Where(j => head[j]).ToArray())];
    }
}
