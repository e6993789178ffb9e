using System.Globalization;
using LST.Evaluation.Benchmarks.Ruler.Haystacks;
using LST.Evaluation.Benchmarks.Ruler.Words;

namespace LST.Evaluation.Benchmarks.Ruler.Generators;

/// <summary>Needles in a haystack: the eight tasks <c>niah_*</c>.</summary>
internal sealed class NeedleGenerator : ITextGenerator
{
    private readonly GeneratorRun run;
    private readonly NeedleForm form;
    private readonly EssayHaystack? essays;
    private readonly string type, template;
    private readonly SizeFit fit;

    public NeedleGenerator(GeneratorRun run, NeedleForm form, RulerData data)
    {
        this.run = run;
        this.form = form;
        essays = form.Haystack == HaystackKind.Essay ? data.Essays : null;
        type = form.Values.ToString().ToLowerInvariant();
        template = OneAnswer ? RulerTexts.ForOneAnswer(run.Template) : run.Template;

        var step = essays is not null ? 500 : run.IsShort ? 5 : 25;
        var estimate = run.Estimate(run.Settings.MaxLength, Make(step), step);
        fit = run.Fit(run.Settings.Variant == RulerVariant.EssayStep25 ? 25 : step);
        fit.Search(estimate, Make);
    }

    public int? Size => fit.Size;

    public IReadOnlyList<RulerSearchStep> Search => fit.Steps;

    private bool OneAnswer => form.Queries * form.ValuesPerKey == 1;

    public (MadeText Text, int Length)? Next() => fit.Fitting(Make);

    private MadeText Make(int size)
    {
        var keys = new List<string>();
        var values = new List<string[]>();
        for (var i = 0; i < form.KeyCount; i++)
        {
            keys.Add(Draw(form.Keys));
            values.Add([.. Enumerable.Range(0, form.ValuesPerKey).Select(_ => Draw(form.Values))]);
        }
        string[] needles = [.. keys.SelectMany((key, i) => values[i].Select(value => RulerTexts.Needle(type, key, value)))];
        run.ShuffleFresh(needles);
        var context = essays is null ? Lines(size, needles) : BetweenSentences(essays.Sentences(size), needles);

        var asked = run.Random.Sample(Enumerable.Range(0, form.KeyCount).ToArray(), form.Queries);
        var query = string.Join(", ", asked.SkipLast(1).Select(i => keys[i]));
        query = query.Length == 0 ? keys[asked[^1]] : $"{query}, and {keys[asked[^1]]}";
        var text = RulerTexts.Fill(template, ("context", context), ("query", query), ("type_needle_v", OneAnswer ? type[..^1] : type));
        return new MadeText(text, [.. asked.SelectMany(i => values[i])]);
    }

    private string Lines(int size, string[] needles)
    {
        var lines = new List<string>(size + needles.Length);
        for (var i = 0; i < size; i++)
            lines.Add(form.Haystack == HaystackKind.Noise ? RulerTexts.Noise : RulerTexts.Needle(type, Draw(form.Keys), Draw(form.Values)));
        var places = run.Random.Sample(Enumerable.Range(0, size).ToArray(), needles.Length).OrderDescending();
        foreach (var (place, needle) in places.Zip(needles)) lines.Insert(place, needle);
        return string.Join('\n', lines);
    }

    private string BetweenSentences(List<string> sentences, string[] needles)
    {
        var depths = run.Random.Sample(DepthGrid.Forty, needles.Length);
        var cuts = depths.Select(depth => DepthGrid.CutPoint(sentences.Count, depth)).Order();
        var parts = new List<string>();
        var start = 0;
        foreach (var (cut, needle) in cuts.Zip(needles))
        {
            parts.Add(string.Join(' ', sentences[start..cut]));
            parts.Add(needle);
            start = cut;
        }
        parts.Add(string.Join(' ', sentences[start..]));
        return string.Join(' ', parts);
    }

    private string Draw(NeedlePart part) => part switch
    {
        NeedlePart.Numbers => run.Random.RandInt(1_000_000, 9_999_999).ToString(CultureInfo.InvariantCulture),
        NeedlePart.Uuids => run.Random.Uuid4(),
        _ => run.Random.Choice(RulerWords.Pairs),
    };
}
