using LST.Evaluation.Benchmarks.Runs;
using LST.Evaluation.Benchmarks.ZeroShot;
using LST.Evaluation.Random;

namespace LST.Evaluation.Tests.Benchmarks.ZeroShot;

public class TaskScoreTests
{
    [Theory]
    [InlineData("a|bb", "-1.0|-1.5", 0, 1, 0, 0)]
    [InlineData("é|zz", "-2.0|-2.5", 1, 0, 1, 0)]
    [InlineData("😀|zz", "-2.0|-3.9", 1, 0, 1, 0)]
    [InlineData("x|y|z", "-3|-2|-2", 1, 1, 1, 1)]
    [InlineData("x|y|z", "-3|-2|-2", 2, 0, 0, 0)]
    public void Choices_are_compared_plain_by_code_points_and_by_bytes_and_the_first_largest_wins(string choices, string logLikelihoods, int gold, double acc, double accNorm, double accBytes)
    {
        var scores = ChoiceScores.Of(choices.Split('|'), [.. logLikelihoods.Split('|').Select(number => double.Parse(number, System.Globalization.CultureInfo.InvariantCulture))], gold);

        Assert.Equal((acc, accNorm, accBytes), (scores.Acc, scores.AccNorm, scores.AccBytes));
    }

    [Fact]
    public void A_word_is_right_when_every_id_is_the_most_likely_one()
    {
        var item = InventedItems.Item(1, words: 4, choices: 1) with { Gold = null };

        Assert.Equal(1, ChoiceScores.Of(item, [new ContinuationScore([-1, -2], IsGreedy: true)]).Acc);
        Assert.Equal(0, ChoiceScores.Of(item, [new ContinuationScore([-0.1], IsGreedy: false)]).Acc);
        Assert.Equal(-3, new ContinuationScore([-1, -2], IsGreedy: true).LogLikelihood);
    }

    [Fact]
    public void A_task_reports_what_the_harness_reports_of_it()
    {
        ChoiceScores[] items = [new(1, 0, 0, 0, 1), new(0, 0, 0, 1, 1), new(1, 1, 1, 0, 0), new(1, 0, 0, 0, 0)];
        var (hellaswag, boolq) = (TaskScores.Of(ZeroShotTask.Of("hellaswag"), items), TaskScores.Of(ZeroShotTask.Of("boolq"), items));

        Assert.Equal((0.75, 0.25), (hellaswag.Acc.Mean, hellaswag.AccNorm!.Value.Mean));
        Assert.Equal(Math.Sqrt(0.75 / 3) / 2, hellaswag.Acc.StandardError!.Value, 1e-12);
        Assert.Equal(0.25, hellaswag.Headline.Mean);
        Assert.Null(boolq.AccNorm);
        Assert.Null(boolq.Perplexity);
        Assert.Equal(0.75, boolq.Headline.Mean);
    }

    [Fact]
    public void The_error_of_a_perplexity_is_the_deviation_of_thousands_of_replicates_with_a_generator_each()
    {
        double[] values = [-1.5, -0.25, -4, -2.5, -0.5];
        List<double> replicates = [];
        for (var seed = 0; seed < 2; seed++)
        {
            var random = new PyRandom(seed);
            for (var b = 0; b < 1000; b++) replicates.Add(Math.Exp(-Enumerable.Range(0, 5).Sum(_ => values[(int)(random.NextDouble() * 5)]) / 5));
        }

        var (perplexity, error) = TaskScores.PerplexityOf(values, 2000);

        Assert.Equal(Math.Exp(8.75 / 5), perplexity, 1e-12);
        Assert.Equal(Math.Sqrt(replicates.Sum(x => Math.Pow(x - replicates.Average(), 2)) / 1999), error!.Value, 1e-9);
        Assert.Null(TaskScores.PerplexityOf([-1]).StandardError);
        Assert.Equal((Math.Exp(1.5), null), (TaskScores.PerplexityOf([-1, -2], 0).Mean, TaskScores.PerplexityOf([-1, -2], 1).StandardError));
        Assert.Equal(perplexity, TaskScores.Of(ZeroShotTask.Of("lambada_openai"), [.. values.Select(_ => new ChoiceScores(0, 0, 0, 0, 0))], values).Perplexity!.Value.Mean);
    }

    [Fact]
    public void Tallies_add_up_and_a_ratio_below_the_least_claims_nothing()
    {
        var sum = CacheTally.Sum([new CacheTally(1, 1, 2, 60, 600, 400), new CacheTally(1, 0, 1, 6, 60, 60)]);

        Assert.Equal(new CacheTally(2, 1, 3, 66, 660, 460), sum);
        Assert.Equal((22.0, 0.5, 660.0 / 460), (sum.MeanTokens, sum.CompressedShare, sum.RatioEffective));
        Assert.Equal((true, true), (sum.IsCompressed, sum.IsAnyCompressed));
        Assert.Equal((false, true), (new CacheTally(1, 1, 1, 10, 104, 100).IsCompressed, new CacheTally(1, 1, 1, 10, 104, 100).IsAnyCompressed));
        Assert.Equal((1.0, false), (default(CacheTally).RatioEffective, default(CacheTally).IsCompressed));
    }
}
