using LST.Evaluation.Benchmarks.ZeroShot;

namespace LST.Evaluation.Tests.Benchmarks.ZeroShot;

/// <summary>Items of drawn words, so that nothing depends on a data set.</summary>
internal static class InventedItems
{
    private static readonly string[] Words =
    [
        "river", "lamp", "Seven", "quick", "the", "a", "walked", "over", "stone", "café", "naïve", "1987", "and", "but", "slowly,", "window.", "Who", "paint", "it's", "green", "東京", "😀",
    ];

    public static string Text(System.Random random, int words) => string.Join(' ', Enumerable.Range(0, words).Select(_ => Words[random.Next(Words.Length)]));

    /// <summary>One context, several choices.</summary>
    public static ZeroShotDocument Item(int seed, int words = 30, int choices = 3) => Item(seed, [.. Enumerable.Repeat(Text(new System.Random(seed), words), choices)]);

    /// <summary>A choice behind each context.</summary>
    public static ZeroShotDocument Item(int seed, IReadOnlyList<string> contexts)
    {
        var random = new System.Random(seed + 1_000_000);
        string[] choices = [.. contexts.Select(_ => Text(random, random.Next(1, 7)))];
        return new ZeroShotDocument
        {
            Task = "piqa", DocId = seed, ItemId = $"item-{seed}", Gold = random.Next(choices.Length), Choices = choices,
            Requests = [.. contexts.Zip(choices, (context, choice) => new ZeroShotRequest(context, " " + choice))],
        };
    }
}
