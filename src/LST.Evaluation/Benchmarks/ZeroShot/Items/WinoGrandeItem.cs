using LST.Evaluation.PythonText;

namespace LST.Evaluation.Benchmarks.ZeroShot.Items;

/// <summary>
/// WinoGrande (Sakaguchi et al., arXiv 1907.10641) by partial evaluation: each option is put into the first gap, and what follows the gap is scored behind it. Fields
/// <c>sentence, option1, option2</c>; <c>answer</c> ("1", "2") beside them or in a file of labels.
/// </summary>
internal static class WinoGrandeItem
{
    public static ZeroShotDocument Read(ItemFields item)
    {
        if (!item.Has("sentence", "option1", "option2")) throw item.Unknown("sentence, option1, option2 and answer");
        var sentence = item.Text("sentence");
        string[] options = [item.Text("option1"), item.Text("option2")];
        var gap = sentence.IndexOf('_', StringComparison.Ordinal);
        if (gap < 0) throw item.Wrong("'sentence' has no gap '_'");
        // A space stands in front whatever follows, punctuation too, as the harness has it.
        var continuation = " " + PyText.Strip(sentence[(gap + 1)..]);
        return item.Document(item.ItemId("qID"), item.Gold("answer", 2, first: 1), [.. options.Select(option => new ZeroShotRequest(sentence[..gap] + option, continuation))], options);
    }
}
