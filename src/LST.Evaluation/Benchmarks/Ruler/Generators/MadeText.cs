namespace LST.Evaluation.Benchmarks.Ruler.Generators;

/// <summary>A text as a generator makes it: input and answer prefix, not yet cut.</summary>
/// <param name="Text">The text.</param>
/// <param name="Outputs">Its answers.</param>
internal sealed record MadeText(string Text, IReadOnlyList<string> Outputs);
