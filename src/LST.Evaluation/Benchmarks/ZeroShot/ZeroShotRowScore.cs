using LST.Evaluation.Benchmarks.Runs;

namespace LST.Evaluation.Benchmarks.ZeroShot;

/// <summary>What one row makes of one item.</summary>
/// <param name="Row">The row.</param>
/// <param name="Requests">One score a request, in the order of the choices.</param>
/// <param name="Caches">How far the item's contexts were compressed.</param>
public sealed record ZeroShotRowScore(BenchmarkRow Row, IReadOnlyList<ContinuationScore> Requests, CacheTally Caches);
