using LST.Evaluation.Verification;
using LST.Evaluation.Verification.Metrics;

namespace LST.Evaluation.Tests.Benchmarks.Ruler;

public class RulerGoldenTests
{
    [Fact]
    public void Samples_and_search_steps_are_those_of_RULER_to_the_character()
    {
        var results = new RulerCases().Run(new VerificationContext(Shared.Require("goldens/ruler"), TestContext.Current.CancellationToken)).ToList();

        Assert.NotEmpty(results);
        Assert.All(results, result => Assert.True(result.Outcome == Outcome.Passed, $"{result.Name}: {result.Detail}"));
    }

    [Fact]
    public void Metrics_are_those_of_the_reference_programs()
    {
        var context = new VerificationContext(Shared.Require("goldens"), TestContext.Current.CancellationToken);

        foreach (var (metric, check) in RulerMetrics.All)
            Assert.All(MetricGoldens.Of(metric), line => Assert.Null(check(line.Inputs, line.Expected, context) is { } difference ? $"{line.Id}: {difference}" : null));
    }
}
