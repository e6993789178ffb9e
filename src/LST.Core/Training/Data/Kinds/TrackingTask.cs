namespace LST.Core.Training.Data.Kinds;

/// <summary>Variable tracking: a value is passed on from variable to variable, far apart in noise; all variables that hold it are asked for.</summary>
internal static class TrackingTask
{
    private const string Noise = "A gate stands open. The wind turns east. Leaves lie on the path. Nobody is home. The clock goes on.";

    private const string Intro = "Variables are assigned in this text and passed on to others. Keep track of them.\n\n";

    /// <summary>Draws one chain that is asked for, at times beside another; the size is the number of lines of noise.</summary>
    public static RulerDraft Draw(SplittableRandom random, int prefix)
    {
        var chains = random.Between(1, 2);
        var hops = random.Between(2, 4);
        var names = GeneratedWords.Distinct(chains * (hops + 1), () => GeneratedWords.Letters(random, 'A', 5), []);
        var values = GeneratedWords.Distinct(chains, () => GeneratedWords.Decimal(random, 10_000, 99_999), []);
        var lines = new List<(string Text, double Place)>();
        for (var chain = 0; chain < chains; chain++)
        {
            // Sorted places: a variable is assigned before it is passed on.
            var places = Enumerable.Range(0, hops + 1).Select(_ => random.NextDouble()).Order().ToArray();
            for (var hop = 0; hop <= hops; hop++)
            {
                var name = names[chain * (hops + 1) + hop];
                lines.Add(($"VAR {name} = {(hop == 0 ? values[chain] : $"VAR {names[chain * (hops + 1) + hop - 1]}")}", places[hop]));
            }
        }
        var ordered = lines.OrderBy(line => line.Place).ToList();
        string[] statements = [.. ordered.Select(line => line.Text)];
        double[] placesInOrder = [.. ordered.Select(line => line.Place)];
        var holders = names.Take(hops + 1).ToList();
        var question = new QuestionPart(
            $"\nWhich variables have the value {values[0]} in the text above?\n"
                + $"By the assignments in the text above, {holders.Count} variables have the value {values[0]}, namely:",
            $" {string.Join(' ', holders)}");
        return new RulerDraft(0, prefix, size => (Intro + Placement.Insert([.. Enumerable.Repeat(Noise, size)], statements, placesInOrder, "\n"), question));
    }
}
