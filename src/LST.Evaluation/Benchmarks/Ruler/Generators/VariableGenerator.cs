using System.Globalization;
using LST.Evaluation.PythonText;
using LST.Evaluation.Random;

namespace LST.Evaluation.Benchmarks.Ruler.Generators;

/// <summary>Variable tracking (<c>vt</c>): one chain of five variables among noise, behind an example of the same kind.</summary>
internal sealed class VariableGenerator : ITextGenerator
{
    private const int Variables = 5, ExampleLimit = 500, ExampleStep = 5;
    private const string ExampleValue = "12345";

    private readonly GeneratorRun run;
    private readonly NpLegacyRandom values;
    private readonly List<RulerSearchStep> search = [];
    private readonly string? example;
    private readonly SizeFit fit;

    public VariableGenerator(GeneratorRun run)
    {
        this.run = run;
        values = new NpLegacyRandom(run.Settings.Seed);
        example = run.Settings.Variant == RulerVariant.NoExample ? null : MakeExample();
        var step = example is null || run.IsShort ? 5 : 10;
        fit = run.Fit(step);
        fit.Search(Estimate(run.Settings.MaxLength, MakeTrial, step), MakeTrial, example is null ? 0 : run.Tokens(example));
        search.AddRange(fit.Steps);
    }

    public int? Size => fit.Size;

    public IReadOnlyList<RulerSearchStep> Search => search;

    public (MadeText Text, int Length)? Next() => fit.Fitting(MakeSample);

    /// <summary>The example in front of every sample: made once, fitted into 500 tokens without a reserve, never in the model's wrap.</summary>
    private string MakeExample()
    {
        var own = new SizeFit(run, ExampleLimit, reserve: 0, ExampleStep);
        own.Search(Estimate(ExampleLimit, Make, ExampleStep), Make);
        search.AddRange(own.Steps);
        var (text, _) = own.Fitting(Make);
        return $"{text.Text} {string.Join(' ', text.Outputs)}\n";

        MadeText? Make(int lines) => MakeChain(lines, RulerTexts.Full(run.Settings.Task.Kind, RulerTemplate.Base), letters: 3, () => ExampleValue);
    }

    private int Estimate(int limit, Func<int, MadeText?> make, int step)
    {
        // A name drawn twice breaks the text, about once in two thousand examples: the next one is taken.
        MadeText? text;
        do text = make(step);
        while (text is null);
        return run.Estimate(limit, text, step);
    }

    private MadeText? MakeTrial(int lines) => MakeChain(lines, run.Template, letters: 5, DrawValue);

    private MadeText? MakeSample(int lines)
    {
        var made = MakeTrial(lines);
        if (made is null || example is null) return made;
        var task = made.Text.IndexOf(RulerTexts.Task(run.Settings.Task.Kind)[..20], StringComparison.Ordinal);
        return made with { Text = made.Text.Insert(task, OtherExample(example) + "\n") };
    }

    private string OtherExample(string text)
    {
        foreach (var name in PyText.Split(text)[^Variables..]) text = text.Replace(name, run.Letters('A', name.Length), StringComparison.Ordinal);
        return text.Replace(ExampleValue, DrawValue(), StringComparison.Ordinal);
    }

    private MadeText? MakeChain(int lines, string template, int letters, Func<string> value)
    {
        var names = run.LetterWords('A', letters, Variables);
        var first = value();
        if (names.Count > Variables)
        {
            // RULER begins a second chain with the name that stands in for a repeated one, draws its value, fails, and makes another text.
            value();
            return null;
        }
        if (lines < Variables) return null;
        var text = Enumerable.Repeat(RulerTexts.Noise, lines).ToList();
        var places = run.Random.Sample(Enumerable.Range(0, lines).ToArray(), Variables).Order().ToArray();
        for (var i = 0; i < Variables; i++) text.Insert(places[i] + i, i == 0 ? $"VAR {names[0]} = {first}" : $"VAR {names[i]} = VAR {names[i - 1]} ");
        var context = string.Join('\n', text).Replace(". \n", ".\n", StringComparison.Ordinal);
        return new MadeText(RulerTexts.Fill(template, ("context", context), ("query", first), ("num_v", $"{Variables}")), names);
    }

    private string DrawValue() => values.RandInt(10_000, 99_999).ToString(CultureInfo.InvariantCulture);
}
