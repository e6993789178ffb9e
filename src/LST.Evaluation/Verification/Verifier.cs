using LST.Core.Models.Checkpoints;
using LST.Evaluation.Verification.Metrics;

namespace LST.Evaluation.Verification;

/// <summary>All layouts of reference outputs that are known.</summary>
public static class Verifier
{
    private static readonly ICaseSource[] Sources =
    [
        new HuggingFaceCases(),
        new GgufCases(),
        new PressCases(),
        new TokenizerCases(ReadGgufMetadata),
        new MetricCases(new Dictionary<string, MetricCheck>([.. RulerMetrics.All, .. ZeroShotMetrics.All, .. ScoringMetrics.All], StringComparer.Ordinal)),
        new RulerCases(),
        new HarnessCases(),
        new UnbuiltCases(),
    ];

    /// <summary>Runs whatever is found below the folder.</summary>
    public static IEnumerable<CaseResult> Run(VerificationContext context) => Sources.SelectMany(source => source.Run(context));

    private static IReadOnlyDictionary<string, object> ReadGgufMetadata(string path)
    {
        using var file = GgufFile.Open(path);
        return file.Metadata;
    }
}
