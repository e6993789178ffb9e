using System.Text;
using LST.Evaluation.PythonText;

namespace LST.Evaluation.Benchmarks.ZeroShot.Items;

/// <summary>
/// COPA (Roemmele et al., 2011): which cause, which effect. Fields <c>premise, question</c> (cause, effect), <c>choice1, choice2, label</c> (SuperGLUE), or <c>query</c> (premise, comma, because or
/// therefore), <c>choices, gold</c>. A choice of the harness begins with a space of its own, so that two spaces stand before it.
/// </summary>
internal static class CopaItem
{
    private const string Because = ", because", Therefore = ", therefore";

    public static ZeroShotDocument Read(ItemFields item)
    {
        if (item.Has("premise", "question", "choice1", "choice2"))
        {
            var question = item.Text("question");
            if (question is not ("cause" or "effect")) throw item.Wrong($"'question' has to be cause or effect, but it is '{question}'");
            return Document(item, item.Text("premise"), question == "cause", [item.Text("choice1"), item.Text("choice2")], "label");
        }
        if (!item.Has("query", "choices", "gold")) throw item.Unknown("premise, question, choice1, choice2 and label, or query, choices and gold");
        var (query, choices) = (item.Text("query"), item.Texts("choices"));
        var isCause = query.EndsWith(Because, StringComparison.Ordinal);
        if (!isCause && !query.EndsWith(Therefore, StringComparison.Ordinal)) throw item.Wrong($"'query' has to end with '{Because}' or '{Therefore}'");
        return Document(item, query[..^(isCause ? Because : Therefore).Length] + ".", isCause, choices, "gold");
    }

    private static ZeroShotDocument Document(ItemFields item, string premise, bool isCause, IReadOnlyList<string> choices, string label)
    {
        if (choices.Any(choice => choice.Length == 0)) throw item.Wrong("a choice is empty");
        var trimmed = PyText.Strip(premise);
        if (trimmed.Length == 0) throw item.Wrong("'premise' is empty");
        Rune.DecodeLastFromUtf16(trimmed, out _, out var last);
        var context = trimmed[..^last] + (isCause ? " because" : " therefore");
        return item.Document(item.ItemId("idx", "id"), item.Gold(label, choices.Count), context, [.. choices.Select(choice => " " + SmallFirst(choice))]);
    }

    private static string SmallFirst(string choice)
    {
        Rune.DecodeFromUtf16(choice, out _, out var first);
        return PyText.Lower(choice[..first]) + choice[first..];
    }
}
