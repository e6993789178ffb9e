using LST.Evaluation.Verification;
using LST.Evaluation.Verification.Metrics;

namespace LST.Evaluation.Tests.Benchmarks.Scoring;

/// <summary>Every line of the metric goldens that this folder of the evaluation computes.</summary>
public class ScoringGoldensTests
{
    public static TheoryData<string> Names => [.. ScoringMetrics.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Repeats_the_goldens(string metric)
    {
        var context = new VerificationContext(Path.GetTempPath());

        var differences = MetricGoldens.Of(metric).Select(line => (line.Id, Difference: ScoringMetrics.All[metric](line.Inputs, line.Expected, context))).Where(line => line.Difference is not null);

        Assert.Empty(differences);
    }

    [Fact]
    public void A_wrong_number_is_told()
    {
        var (_, inputs, _) = MetricGoldens.Of("qa_f1")[0];
        var wrong = System.Text.Json.JsonDocument.Parse("0.25").RootElement;

        Assert.Contains("expected 0.25", ScoringMetrics.All["qa_f1"](inputs, wrong, new VerificationContext(Path.GetTempPath())));
    }
}
