namespace LST.Evaluation.Benchmarks.Runs;

/// <summary>How lines call what was compressed.</summary>
internal static class ModeName
{
    public static string Of(CompressionMode mode) => mode == CompressionMode.QueryAware ? "query-aware" : "query-agnostic";
}
