namespace LST.Evaluation.Benchmarks.ZeroShot.Items;

/// <summary>
/// BoolQ (Clark et al., arXiv 1905.10044): no or yes. Fields <c>passage, question, label</c> (SuperGLUE) or <c>answer</c> (upstream), or <c>query</c> ("Passage: …\nQuestion: …?"), <c>gold</c>.
/// </summary>
internal static class BoolQItem
{
    private const string PassagePrefix = "Passage: ", QuestionPrefix = "\nQuestion: ";

    private static readonly string[] Choices = ["no", "yes"];

    public static ZeroShotDocument Read(ItemFields item)
    {
        if (item.Has("passage", "question")) return Document(item, item.Text("passage"), item.Text("question"), item.Has("label") || !item.Has("answer") ? "label" : "answer");
        if (!item.Has("query", "gold")) throw item.Unknown("passage, question and label (or answer), or query and gold");
        var query = item.Text("query");
        var question = query.LastIndexOf(QuestionPrefix, StringComparison.Ordinal);
        if (!query.StartsWith(PassagePrefix, StringComparison.Ordinal) || question < PassagePrefix.Length || !query.EndsWith('?'))
            throw item.Wrong("'query' has to be 'Passage: ', a passage, a line break, 'Question: ', a question and '?'");
        return Document(item, query[PassagePrefix.Length..question], query[(question + QuestionPrefix.Length)..^1], "gold");
    }

    private static ZeroShotDocument Document(ItemFields item, string passage, string question, string label) =>
        item.Document(item.ItemId("idx", "id"), item.Gold(label, 2), $"{passage}\nQuestion: {question}?\nAnswer:", Choices);
}
