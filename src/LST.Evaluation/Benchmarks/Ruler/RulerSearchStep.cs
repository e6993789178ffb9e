namespace LST.Evaluation.Benchmarks.Ruler;

/// <summary>One step of the search for the largest haystack that fits.</summary>
/// <param name="Size">Size that was tried.</param>
/// <param name="Length">Tokens that it took, the reserve included.</param>
/// <param name="Limit">Most tokens allowed.</param>
public readonly record struct RulerSearchStep(int Size, int Length, int Limit);
