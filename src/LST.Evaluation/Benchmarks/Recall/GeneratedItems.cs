using LST.Core.Training.Data;

namespace LST.Evaluation.Benchmarks.Recall;

/// <summary>
/// Further items on templates A to D, in the form of the examination's lines: to look at a method on more of them than there are, or at other lengths and numbers of facts. Their seed space is
/// neither that of training nor that of the examination, whose items are frozen.
/// </summary>
public static class GeneratedItems
{
    /// <summary>The first items of a list.</summary>
    /// <param name="generator">The list.</param>
    /// <param name="seed">Its seed, for names.</param>
    /// <param name="tokens">Its length of contexts, BOS included.</param>
    /// <param name="count">How many.</param>
    public static IReadOnlyList<RecallLine> Take(RecallGenerator generator, long seed, int tokens, int count) =>
        [.. Enumerable.Range(0, count).Select(index => Line(generator.At(index), seed, tokens, index))];

    private static RecallLine Line(GeneratedRecall item, long seed, int tokens, int index) =>
        new(FormattableString.Invariant($"{item.Template}-{item.Facts}-{tokens}-seed{seed}-{index}"), item.Template, item.Answer.All(char.IsAsciiDigit) ? "number" : "word", item.Facts, tokens,
            item.Context, item.Question, item.Answer);
}
