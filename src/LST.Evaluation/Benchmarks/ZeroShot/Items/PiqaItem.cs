namespace LST.Evaluation.Benchmarks.ZeroShot.Items;

/// <summary>PIQA (Bisk et al., arXiv 1911.11641): two ways to a goal. Fields <c>goal, sol1, sol2</c>; <c>label</c> (0, 1) beside them or in a file of labels.</summary>
internal static class PiqaItem
{
    public static ZeroShotDocument Read(ItemFields item)
    {
        if (!item.Has("goal", "sol1", "sol2")) throw item.Unknown("goal, sol1, sol2 and label");
        return item.Document(item.ItemId("id"), item.Gold("label", 2), $"Question: {item.Text("goal")}\nAnswer:", [item.Text("sol1"), item.Text("sol2")]);
    }
}
