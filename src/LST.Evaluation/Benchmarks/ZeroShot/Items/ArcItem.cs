namespace LST.Evaluation.Benchmarks.ZeroShot.Items;

/// <summary>
/// ARC (Clark et al., arXiv 1803.05457): science questions with three to five choices. Fields <c>question, choices.text, choices.label, answerKey</c> (Hugging Face), <c>question.stem,
/// question.choices, answerKey</c> (upstream), or <c>query</c> ("Question: …"), <c>choices, gold</c>.
/// </summary>
internal static class ArcItem
{
    private const string Prefix = "Question: ";

    public static ZeroShotDocument Read(ItemFields item)
    {
        if (item.Has("query", "choices", "gold"))
        {
            var (query, texts) = (item.Text("query"), item.Texts("choices"));
            var question = query.StartsWith(Prefix, StringComparison.Ordinal) ? query[Prefix.Length..] : throw item.Wrong($"'query' has to begin with '{Prefix}'");
            return item.Document(item.ItemId("id"), item.Gold("gold", texts.Count), Context(question), texts);
        }
        var isNested = item.IsObject("question") && item.Has("answerKey");
        if (!isNested && !item.Has("question", "choices", "answerKey"))
            throw item.Unknown("question, choices (text, label) and answerKey, or question (stem, choices) and answerKey, or query, choices and gold");
        var holder = isNested ? item.Object("question") : item;
        var choices = LabelledChoices.Read(holder);
        return item.Document(item.ItemId("id"), choices.Gold(item, item.Text("answerKey")), Context(isNested ? holder.Text("stem") : item.Text("question")), choices.Texts);
    }

    private static string Context(string question) => $"{Prefix}{question}\nAnswer:";
}
