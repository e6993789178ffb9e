using LST.Evaluation.Benchmarks.Runs;
using LST.Evaluation.Benchmarks.ZeroShot;
using LST.Evaluation.Tests.Benchmarks.ZeroShot;
using LST.Evaluation.Tests.Perplexity;

namespace LST.Evaluation.Tests.Benchmarks.Runs;

/// <summary>Likelihoods and choices behind a whole cache are those of one plain pass over context and continuation.</summary>
public sealed class ZeroShotBenchmarkTests(ReferenceModel reference) : IClassFixture<ReferenceModel>
{
    [Theory]
    [InlineData("piqa", 0, "piqa", "acc", true)]
    [InlineData("hellaswag", 5, "hellaswag-5shot", "acc_norm", true)]
    [InlineData("winogrande", 0, "winogrande", "acc", false)]
    public void Dense_likelihoods_are_those_of_plain_passes_and_the_choice_follows_from_them(string name, int shots, string shown, string headline, bool isNormalized)
    {
        // Items of one context, and one with a context for each choice.
        List<ZeroShotDocument> documents = [.. Enumerable.Range(0, 7).Select(i => InventedItems.Item(i, words: 25)), InventedItems.Item(7, [.. Enumerable.Range(0, 2).Select(i => InventedItems.Text(new System.Random(i), 20 + i))])];
        using var contexts = new CompressedContexts(reference.Loaded);
        var task = new ZeroShotBenchmark(new ZeroShotScorer(reference.Loaded, contexts), ZeroShotTask.Of(name), documents, shots);

        var lines = BenchmarkLines.Of(reference.Loaded, contexts, task);

        Assert.Equal(shown, task.Name);
        foreach (var (line, document) in lines.Dense().Zip(documents))
        {
            double[] plain = [.. document.Requests.Select(LogLikelihood)];
            foreach (var (expected, found) in plain.Zip(line.Loglik!, (a, b) => (a, b))) Assert.Equal(expected, found, 1e-3);
            double[] byLength = [.. plain.Zip(document.Choices, (value, choice) => value / choice.EnumerateRunes().Count())];
            var (acc, accNorm) = (Array.IndexOf(plain, plain.Max()) == document.Gold ? 1.0 : 0, Array.IndexOf(byLength, byLength.Max()) == document.Gold ? 1.0 : 0);
            Assert.Equal(acc, line.Scores!["acc"]);
            Assert.Equal(isNormalized, line.Scores.ContainsKey("acc_norm"));
            if (isNormalized) Assert.Equal(accNorm, line.Scores["acc_norm"]);
            Assert.Equal(line.Scores[headline], line.Score);
            // All ids of a context but the last, each context once.
            Assert.Equal(document.Requests.Select(request => request.Context).Distinct().Sum(context => PlainAnswers.Ids(reference.Loaded, context).Length - 1), line.TokensCtx);
        }
        Assert.Equal([0, 1], lines.Dense().Select(line => line.Score).Distinct().Order());
        Assert.Contains(lines.Dense(), line => !isNormalized || line.Scores!["acc"] != line.Scores["acc_norm"]);
        Assert.All(lines, line => Assert.Equal("mc-p", line.Mode));
    }

    private double LogLikelihood(ZeroShotRequest request) =>
        PlainAnswers.LogLikelihood(reference.Loaded, PlainAnswers.Ids(reference.Loaded, request.Context + request.Continuation), PlainAnswers.Ids(reference.Loaded, request.Context).Length);
}
