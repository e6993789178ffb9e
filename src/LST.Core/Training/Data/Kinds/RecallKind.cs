namespace LST.Core.Training.Data.Kinds;

/// <summary>
/// Recall (conventions §3): statements of one template at random places among sentences that follow each other in a training text, all joined by one space,
/// then
/// questions about some of them. The context begins inside a sentence where that makes its length exact.
/// </summary>
internal sealed class RecallKind(MixtureSettings settings, SentenceSource sentences, QuestionLayout layout, PrefixFitter fitter) : ISequenceKind
{
    /// <inheritdoc/>
    public TrainingSequence Make(SplittableRandom random, int prefix) =>
        Room.First(SequenceKinds.Recall, prefix, settings.Suffix, random, attempt => Draft(attempt, prefix));

    /// <summary>A context and the facts in it, in a random order; null where the draw does not fit into the prefix.</summary>
    internal RecallContext? Context(SplittableRandom random, int prefix)
    {
        var letter = random.Choose(settings.RecallTemplates.ToCharArray());
        var template = RecallTemplate.All.Single(t => t.Letter == letter);
        var facts = Facts(random, template, prefix);
        var (drawn, source) = sentences.Draw(random, 2 * prefix + 256);
        // A place is a fraction of the gaps, so that it stays the same draw while the number of sentences is fitted.
        var places = Array.ConvertAll(facts, _ => random.NextDouble());
        var statements = Array.ConvertAll(facts, fact => template.Statement(fact.Key, fact.Value));
        string Context(int count) => Placement.Insert([.. drawn.TakeLast(count)], statements, places, " ");
        var fitting = fitter.Largest(Context, 0, drawn.Count, prefix);
        if (fitting < 0) return null;
        var context = fitter.Fill(string.Join(' ', drawn.SkipLast(fitting)), " ", Context(fitting), prefix);
        random.Shuffle(facts.AsSpan());
        return new RecallContext(template, context, facts, source);
    }

    private TrainingSequence? Draft(SplittableRandom random, int prefix)
    {
        if (Context(random, prefix) is not var (template, context, facts, source)) return null;
        for (var asked = random.Between(1, Math.Min(settings.QuestionsMax, facts.Length)); asked > 0; asked--)
        {
            var questions = facts.Take(asked).Select(fact => new QuestionPart(template.Question(fact.Key), fact.Value)).ToList();
            var detail = $"{template.Letter}, {facts.Length} facts, {asked} asked";
            var sequence = layout.Build(context, questions, settings.QuestionWeight, SequenceKinds.Recall, source, detail);
            if (sequence.Suffix <= settings.Suffix) return sequence;
        }
        return null;
    }

    /// <summary>Facts of different keys and values, so many that their statements leave a quarter of the prefix to sentences.</summary>
    private (string Key, string Value)[] Facts(SplittableRandom random, RecallTemplate template, int prefix)
    {
        var count = random.Between(settings.StatementsMin, settings.StatementsMax);
        var keys = GeneratedWords.Distinct(count, () => GeneratedWords.Pair(random), []);
        var values = GeneratedWords.Distinct(count, () => template.Value(random), []);
        int Tokens(int taken) => layout.Count(string.Join(' ', Enumerable.Range(0, taken).Select(i => template.Statement(keys[i], values[i]))));
        while (count > 1 && Tokens(count) > prefix - prefix / 4) count--;
        return [.. keys.Zip(values).Take(count)];
    }
}

/// <summary>Text with statements of one template in it.</summary>
/// <param name="Template">The template.</param>
/// <param name="Text">Sentences and statements, joined by spaces.</param>
/// <param name="Facts">What is stated, each once; not in the order of the text.</param>
/// <param name="Source">Name of the text that the sentences come from.</param>
internal sealed record RecallContext(RecallTemplate Template, string Text, (string Key, string Value)[] Facts, string Source);
