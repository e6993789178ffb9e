using LST.Evaluation.Verification;
using LST.Evaluation.Verification.Metrics;

namespace LST.Evaluation.Tests.Verification;

public class ZeroShotMetricsTests
{
    public static TheoryData<string> Metrics => [.. ZeroShotMetrics.All.Keys];

    [Theory, MemberData(nameof(Metrics))]
    public void Metrics_give_the_values_of_the_reference(string metric)
    {
        var context = new VerificationContext(Shared.Require("goldens"));
        foreach (var (id, inputs, expected) in MetricGoldens.Of(metric))
            Assert.True(ZeroShotMetrics.All[metric](inputs, expected, context) is not { } difference, $"{id} differs");
    }
}
