namespace LST.Evaluation.Analysis;

/// <summary>How often a fact hidden in a long text was found, by where it stood and how long the text was.</summary>
/// <param name="Source">Model, method and ratio in words: <c>smollm2, lst, 4:1</c>.</param>
/// <param name="Depths">Place of the fact from 0 (start) to 1 (end), ascending.</param>
/// <param name="Lengths">Length of the text in tokens, ascending.</param>
/// <param name="Score">Share of items answered, 0 to 1 [depth][length]; NaN: not measured.</param>
/// <param name="Count">Items behind each share [depth][length].</param>
public sealed record NeedleGrid(string Source, IReadOnlyList<double> Depths, IReadOnlyList<int> Lengths, IReadOnlyList<IReadOnlyList<double>> Score, IReadOnlyList<IReadOnlyList<int>> Count);
