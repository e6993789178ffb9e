using LST.Evaluation.PythonText;

namespace LST.Evaluation.Benchmarks.ZeroShot.Items;

/// <summary>
/// OpenBookQA (Mihaylov et al., arXiv 1809.02789): the stem alone is the context. Fields <c>question_stem, choices.text, choices.label, answerKey</c> (Hugging Face), or
/// <c>question.stem, question.choices, answerKey</c> (upstream).
/// </summary>
internal static class OpenBookQaItem
{
    public static ZeroShotDocument Read(ItemFields item)
    {
        var isNested = item.IsObject("question") && item.Has("answerKey");
        if (!isNested && !item.Has("question_stem", "choices", "answerKey")) throw item.Unknown("question_stem, choices (text, label) and answerKey, or question (stem, choices) and answerKey");
        var holder = isNested ? item.Object("question") : item;
        var choices = LabelledChoices.Read(holder);
        return item.Document(item.ItemId("id"), choices.Gold(item, PyText.LeftStrip(item.Text("answerKey"))), holder.Text(isNested ? "stem" : "question_stem"), choices.Texts);
    }
}
