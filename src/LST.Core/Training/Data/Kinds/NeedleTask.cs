namespace LST.Core.Training.Data.Kinds;

/// <summary>Needles in a haystack: one or several keys, one or several values, one or several keys asked for.</summary>
internal static class NeedleTask
{
    private const string Noise = "The road is long. The rain is cold. The lamp is lit. On we walk. Home before dark.";

    private enum Haystack { Noise, Sentences, Needles }

    private sealed record Needle(string Key, string Value, double Place);

    /// <summary>Draws a task of one of the four needle kinds; its size is the number of pieces of hay.</summary>
    public static RulerDraft Draw(RulerTask task, SplittableRandom random, IReadOnlyList<string> sentences, int prefix)
    {
        var haystack = task switch
        {
            RulerTask.Single => random.Choose([Haystack.Noise, Haystack.Sentences]),
            RulerTask.MultiKey => random.Choose([Haystack.Sentences, Haystack.Needles]),
            _ => Haystack.Sentences,
        };
        var type = random.Below(4) switch
        {
            0 => "word",
            1 when task is RulerTask.Single or RulerTask.MultiKey => "uuid",
            _ => "number",
        };
        Func<string> value = type switch
        {
            "word" => () => GeneratedWords.Pair(random),
            "uuid" => () => GeneratedWords.Identifier(random),
            _ => () => GeneratedWords.Decimal(random, 1_000_000, 9_999_999),
        };
        Func<string> key = haystack == Haystack.Needles && type == "uuid" ? () => GeneratedWords.Identifier(random) : () => GeneratedWords.Pair(random);
        var needles = Needles(task, haystack, random, key, value);
        var distractors = haystack == Haystack.Needles ? Distractors(needles, key, value, type, 1 + prefix / 12) : [];
        var asked = Asked(task, random, needles);
        var question = Question(type, asked);
        Func<int, string> hay = haystack switch
        {
            Haystack.Noise => _ => Noise,
            Haystack.Needles => i => distractors[i],
            _ => i => sentences[i],
        };
        var most = haystack switch
        {
            Haystack.Noise => prefix,
            Haystack.Needles => distractors.Length,
            _ => sentences.Count,
        };
        var joiner = haystack == Haystack.Sentences ? " " : "\n";
        var ordered = needles.OrderBy(needle => needle.Place).ToList();
        return new RulerDraft(0, most, size => (Intro(type) + Context(size, hay, joiner, ordered, type), question));
    }

    private static string Intro(string type) => $"Special magic {type}s are hidden in this text. Keep them in mind, for there will be questions about the {type}s.\n";

    private static string Sentence(string type, string key, string value) => $"One special magic {type} of {key} is: {value}.";

    private static List<Needle> Needles(RulerTask task, Haystack haystack, SplittableRandom random, Func<string> key, Func<string> value)
    {
        var keyCount = task is RulerTask.MultiQuery || (task is RulerTask.MultiKey && haystack == Haystack.Sentences) ? 4 : 1;
        var valueCount = task is RulerTask.MultiValue ? random.Between(2, 4) : 1;
        var keys = GeneratedWords.Distinct(keyCount, key, []);
        var values = GeneratedWords.Distinct(keyCount * valueCount, value, []);
        return [.. values.Select((v, i) => new Needle(keys[i / valueCount], v, random.NextDouble()))];
    }

    private static string[] Distractors(List<Needle> needles, Func<string> key, Func<string> value, string type, int count)
    {
        var keys = GeneratedWords.Distinct(count, key, [.. needles.Select(needle => needle.Key)]);
        var values = GeneratedWords.Distinct(count, value, [.. needles.Select(needle => needle.Value)]);
        return [.. keys.Zip(values, (k, v) => Sentence(type, k, v))];
    }

    /// <summary>The needles that are asked for, in the order of their answers: keys as they are drawn, values of one key as they stand in the text.</summary>
    private static List<Needle> Asked(RulerTask task, SplittableRandom random, List<Needle> needles)
    {
        if (task is RulerTask.MultiValue) return [.. needles.OrderBy(needle => needle.Place)];
        var shuffled = needles.ToArray();
        random.Shuffle(shuffled.AsSpan());
        return [.. shuffled.Take(task is RulerTask.MultiQuery ? random.Between(2, 4) : 1)];
    }

    private static QuestionPart Question(string type, List<Needle> asked)
    {
        var keys = asked.Select(needle => needle.Key).Distinct().ToList();
        var query = keys.Count == 1 ? keys[0] : $"{string.Join(", ", keys.SkipLast(1))} and {keys[^1]}";
        var answer = " " + string.Join(", ", asked.Select(needle => needle.Value));
        return asked.Count == 1
            ? new QuestionPart($"\nWhat is the special magic {type} of {query} in the text above?\nThe special magic {type} of {query} in the text above is", answer)
            : new QuestionPart($"\nWhat are all special magic {type}s of {query} in the text above?\nThe special magic {type}s of {query} in the text above are", answer);
    }

    private static string Context(int size, Func<int, string> hay, string joiner, List<Needle> ordered, string type)
    {
        var pieces = Enumerable.Range(0, size).Select(hay).ToList();
        var statements = ordered.Select(needle => Sentence(type, needle.Key, needle.Value)).ToList();
        return Placement.Insert(pieces, statements, [.. ordered.Select(needle => needle.Place)], joiner);
    }
}
