namespace LST.Evaluation.Benchmarks.ZeroShot.Items;

/// <summary>LAMBADA (Paperno et al., arXiv 1606.06031), OpenAI's text: the last word of a passage. Field <c>text</c>, or <c>context</c> and <c>continuation</c>, one space between them.</summary>
internal static class LambadaItem
{
    public static ZeroShotDocument Read(ItemFields item)
    {
        var isParted = !item.Has("text") && item.Has("context", "continuation");
        if (!isParted && !item.Has("text")) throw item.Unknown("text, or context and continuation");
        var text = isParted ? $"{item.Text("context")} {item.Text("continuation")}" : item.Text("text");
        var space = text.LastIndexOf(' ');
        var word = text[(space + 1)..];
        return item.Document(item.ItemId("id"), gold: null, [new ZeroShotRequest(space < 0 ? "" : text[..space], " " + word)], [word]);
    }
}
