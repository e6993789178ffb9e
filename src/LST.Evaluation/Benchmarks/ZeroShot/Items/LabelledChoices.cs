namespace LST.Evaluation.Benchmarks.ZeroShot.Items;

/// <summary>Choices with labels of their own (A … E or 1 … 5): <c>choices.text</c> and <c>choices.label</c> side by side, or a list of objects with <c>text</c> and <c>label</c>.</summary>
/// <param name="Texts">The choices.</param>
/// <param name="Labels">Their labels.</param>
internal sealed record LabelledChoices(IReadOnlyList<string> Texts, IReadOnlyList<string> Labels)
{
    public static LabelledChoices Read(ItemFields holder)
    {
        if (holder.IsObject("choices"))
        {
            var choices = holder.Object("choices");
            var (texts, labels) = (choices.Texts("text"), choices.Texts("label"));
            return texts.Count == labels.Count ? new(texts, labels) : throw holder.Wrong($"'choices' has {texts.Count} texts and {labels.Count} labels");
        }
        var list = holder.Objects("choices");
        return new([.. list.Select(choice => choice.Text("text"))], [.. list.Select(choice => choice.Text("label"))]);
    }

    /// <summary>Place of the right one in the item's own list of labels.</summary>
    public int Gold(ItemFields item, string answer)
    {
        for (var i = 0; i < Labels.Count; i++)
            if (string.Equals(Labels[i], answer, StringComparison.Ordinal)) return i;
        throw item.Wrong($"'answerKey' has to be one of the labels {string.Join(", ", Labels)}, but it is '{answer}'");
    }
}
