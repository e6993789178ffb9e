using LST.Core;

namespace LST.Evaluation.Benchmarks.Ruler;

/// <summary>
/// A finished sample cut where kvpress cuts it: the context alone is prefilled and compressed, the question and the beginning of the answer are fed behind it. The three parts joined are the text.
/// </summary>
/// <param name="Context">Everything before the question, the head of the model's wrap included.</param>
/// <param name="Question">The question, the wrap's tail and the white space up to the answer prefix.</param>
/// <param name="AnswerPrefix">The beginning of the answer, without white space before it.</param>
public sealed record RulerPrompt(string Context, string Question, string AnswerPrefix)
{
    /// <summary>What the model reads.</summary>
    public string Text => Context + Question + AnswerPrefix;

    /// <summary>Cuts a text of input and answer prefix: at the last beginning of the task's question, and at the last beginning of its answer behind that.</summary>
    /// <exception cref="DataException">The text has no such question or no such answer.</exception>
    public static RulerPrompt Of(RulerKind kind, string text)
    {
        var question = QuestionBeginnings(kind).Max(beginning => text.LastIndexOf(beginning, StringComparison.Ordinal));
        var marker = kind == RulerKind.Needle ? "The special magic" : "Answer:";
        var answer = text.LastIndexOf(marker, StringComparison.Ordinal);
        if (question < 0 || answer <= question)
        {
            throw new DataException($"A text of RULER's {kind} tasks has to hold '{QuestionBeginnings(kind)[0]}' and behind it '{marker}', but it ends with " +
                $"'{text[Math.Max(0, text.Length - 60)..].ReplaceLineEndings(" ")}'; take the samples as RULER writes them, input and answer prefix joined.");
        }
        return new(text[..question], text[question..answer], text[answer..]);
    }

    /// <summary>Prompts with the same context, so that it is compressed once; in the order of their first prompts.</summary>
    /// <typeparam name="T">What belongs to a prompt.</typeparam>
    /// <param name="items">Items.</param>
    /// <param name="prompt">The prompt of an item.</param>
    public static IEnumerable<(string Context, IReadOnlyList<T> Items)> ByContext<T>(IEnumerable<T> items, Func<T, RulerPrompt> prompt) =>
        items.GroupBy(item => prompt(item).Context, StringComparer.Ordinal).Select(group => (group.Key, (IReadOnlyList<T>)[.. group]));

    private static string[] QuestionBeginnings(RulerKind kind) => kind switch
    {
        RulerKind.Needle => ["What is the special magic", "What are all the special magic"],
        RulerKind.VariableTracking => ["Question: Find all variables"],
        RulerKind.CommonWords => ["Question: What are the 10 most common"],
        RulerKind.FrequentWords => ["Question: Do not provide any explanation."],
        RulerKind.QuestionAnswering => ["Answer the question based on the given documents."],
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
