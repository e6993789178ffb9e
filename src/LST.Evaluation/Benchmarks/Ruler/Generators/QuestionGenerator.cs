using LST.Evaluation.Benchmarks.Ruler.Questions;

namespace LST.Evaluation.Benchmarks.Ruler.Generators;

/// <summary>Questions over documents (<c>qa_1</c>, <c>qa_2</c>): sample i is question i among its own and other documents.</summary>
internal sealed class QuestionGenerator : ITextGenerator
{
    private const int Step = 10;

    private readonly GeneratorRun run;
    private readonly QuestionSet set;
    private readonly SizeFit fit;
    private int next;

    public QuestionGenerator(GeneratorRun run, QuestionSet set)
    {
        this.run = run;
        this.set = set;
        fit = run.Fit(Step);
        var first = Make(set.Questions[0], Step);
        fit.Search(first is null ? 0 : run.Estimate(run.Settings.MaxLength, first, Step), documents => Make(set.Questions[0], documents));
    }

    public int? Size => fit.Size;

    public IReadOnlyList<RulerSearchStep> Search => fit.Steps;

    public (MadeText Text, int Length)? Next()
    {
        if (next == set.Questions.Count) return null;
        var question = set.Questions[next++];
        return fit.Fitting(documents => Make(question, documents));
    }

    private MadeText? Make(DocumentQuestion question, int documents)
    {
        if (Choose(question, documents) is not { } chosen) return null;
        run.ShuffleFresh(chosen);
        var context = string.Join("\n\n", chosen.Select((document, i) => $"Document {i + 1}:\n{set.Documents[document]}"));
        return new MadeText(RulerTexts.Fill(run.Template, ("context", context), ("query", question.Text)), question.Answers);
    }

    // Own documents, then more of the same article, then any others; null: the own ones alone are more than asked for.
    private int[]? Choose(DocumentQuestion question, int documents)
    {
        if (documents >= set.Documents.Count) return [.. Enumerable.Range(0, documents).Select(i => i % set.Documents.Count)];
        var (own, more) = (question.Own, question.More);
        var missing = documents - own.Count;
        if (missing < 0) return null;
        if (missing <= more.Count) return [.. own, .. run.Random.Sample(more, missing)];
        var related = own.Concat(more).ToHashSet();
        int[] others = [.. Enumerable.Range(0, set.Documents.Count).Where(document => !related.Contains(document))];
        var wanted = missing - more.Count;
        return wanted > others.Length ? null : [.. own, .. more, .. run.Random.Sample(others, wanted)];
    }
}
