using LST.Evaluation.Analysis;
using LST.Evaluation.Statistics;
using LST.Notebooks.Figures;

namespace LST.Notebooks.Tests.Figures;

/// <summary>Array records invented from a fixed stream of numbers, in small for snapshots and in the sizes that notebooks have.</summary>
internal sealed class SampleViews(int seed)
{
    private const string Text = "The cache holds a key and a value for every token that was read .\n\tif ( x < 3 & y > 2 ) { return <b> ; } Compression keeps what later queries ask for and lets the rest go , so that memory grows slowly ; windows of tokens become one super-token each , with a bias for their mass . ";

    private ulong state = (ulong)seed * 0x9E3779B97F4A7C15 + 1;

    public IReadOnlyList<string> Tokens(int count)
    {
        var words = Text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return [.. Enumerable.Range(0, count).Select(i => i == 0 ? "<s>" : i % 17 == 0 ? "\n" : (i % 3 == 0 ? "" : " ") + words[(i - 1) % words.Length])];
    }

    public AttentionMap Attention(int queries, int keys)
    {
        var tokens = Tokens(keys);
        return new("lst-ref, dense, api-dev", 3, 5, [.. tokens.Skip(keys - queries)], [.. Enumerable.Range(keys - queries, queries)], tokens, [.. Enumerable.Range(0, keys)],
            [.. Enumerable.Range(keys - queries, queries).Select(q => Softmax(keys, k => k > q ? double.NegativeInfinity : (k == 0 ? 3 : 0) - (0.1 * (q - k)) + Gauss()))]);
    }

    public IReadOnlyList<SlotView> Slots(int tokens, int window)
    {
        var slots = new List<SlotView> { new(SlotKind.Sink, 0, [0], [1], 1, 0) };
        for (var start = 1; start < tokens - window; start += window)
        {
            int[] members = [.. Enumerable.Range(start, window)];
            slots.Add(start / window % 6 == 5
                ? new(SlotKind.Kept, start, [start], [1], 1, 0)
                : new(SlotKind.Merged, start + (window / 2), members, Softmax(window, _ => Gauss()), (float)(0.7 + (0.2 * Uniform())), (float)(Math.Log(window) + (0.3 * Gauss()))));
        }
        for (var token = slots.Max(slot => slot.Tokens.Max()) + 1; token < tokens; token++) slots.Add(new(SlotKind.Recent, token, [token], [1], 1, 0));
        return slots;
    }

    public IngredientsStrip Strip(int tokens, int window) => new("lst-ref, lst 4:1, api-dev", 3, 1, Tokens(tokens), Slots(tokens, window));

    public MassLedger Ledger(int tokens, int window, int queries)
    {
        var slots = Slots(tokens, window);
        float[][] dense = [.. Enumerable.Range(0, queries).Select(q => Softmax(tokens, k => (k == 0 ? 3 : 0) - (0.02 * (tokens - k)) + (1.2 * Gauss())))];
        float[][] With(double bias) =>
            [.. dense.Select(row => Normal(slots.Select(slot => slot.Tokens.Sum(token => row[token]) * Math.Exp((slot.Kind == SlotKind.Merged ? bias : 0) + (0.15 * Gauss())))))];
        var names = Tokens(tokens + queries);
        return new("lst-ref, lst 4:1, api-dev", 3, 5, [.. names.Take(tokens)], slots, [.. names.Skip(tokens)], [.. Enumerable.Range(tokens, queries)], dense, With(0), With(-Math.Log(window)));
    }

    public ErrorGrid Errors(int layers, int heads, params double[] ratios)
    {
        float[][][] median = [.. ratios.Select(ratio => Enumerable.Range(0, layers).Select(layer => Enumerable.Range(0, heads).Select(_ => (float)(0.03 * ratio * Math.Exp((0.5 * Gauss()) + (0.1 * layer)))).ToArray()).ToArray())];
        float[][][] Times(float by) => [.. median.Select(grid => grid.Select(row => row.Select(error => error * by).ToArray()).ToArray())];
        return new("lst-ref, lst, api-dev", "continuation", ratios, median, Times(0.9f), Times(1.12f), 256);
    }

    public ErrorGrid ErrorsOf(int layers, int heads, params string[] methods) => Errors(layers, heads, [.. methods.Select(_ => 4.0)]) with { Source = "lst-ref, 4:1, api-dev", Methods = methods };

    /// <summary>Kept first and last tokens and a draw between, with runs of merged ones under methods that merge.</summary>
    public TokenFateMap Fates(int tokens, int heads, params string[] methods)
    {
        HeadFates Head(bool merges)
        {
            var (fates, slot) = (new List<TokenFate>(), 0);
            for (var t = 0; t < tokens;)
            {
                if (t < 2 || t >= tokens - 3 || Uniform() < 0.2) fates.Add(new TokenFate(t < 2 ? SlotKind.Sink : t >= tokens - 3 ? SlotKind.Recent : SlotKind.Kept, slot++, 1, 1));
                else if (merges && t < tokens - 6) fates.AddRange(Enumerable.Repeat(new TokenFate(SlotKind.Merged, slot++, 3, 1), 3));
                else fates.Add(TokenFate.Dropped);
                t = fates.Count;
            }
            return new HeadFates(slot, fates);
        }
        return new("lst-ref, 4:1, api-dev", 4, 1000L * tokens, Tokens(tokens), [.. Enumerable.Range(0, heads).Select(head => (head, 1))],
            [.. methods.Select((method, i) => new FateRow(method, (tokens / 4.0) - (i % 3), 245L * tokens, [.. Enumerable.Range(0, heads).Select(_ => Head(method is "mean" or "kvmerger"))]))]);
    }

    public BudgetGrid Budgets(int layers, int heads, params string[] methods) => new("lst-ref, 4:1, api-dev", 4, 1023, methods,
        [.. methods.Select(method => (IReadOnlyList<IReadOnlyList<int>>)[.. Enumerable.Range(0, layers).Select(_ => (IReadOnlyList<int>)[.. Enumerable.Range(0, heads).Select(_ => method == "snapkv" ? 255 : (int)(255 * Math.Exp(Gauss())))])])]);

    public ProbeCloud Cloud(int points, params string[] losses)
    {
        (string Source, float X, float Y)[] places =
            [.. new[] { ("continuation", 1.0, 0.4), ("isotropic", 2.5, 2.5), ("gaussian", 1.2, 0.5) }.SelectMany(kind => Enumerable.Range(0, points).Select(_ => (kind.Item1, (float)(kind.Item2 * Gauss()), (float)(kind.Item3 * Gauss()))))];
        return new("lst-ref, 4:1, api-dev", 3, 5, [0.41, 0.17],
            [.. losses.Select((loss, i) => (loss, (IReadOnlyList<ProbePoint>)[.. places.Select(p => new ProbePoint(p.Source, p.X, p.Y, (float)((p.Source == "isotropic" ? 0.4 : 0.15) / (i + 1) * Math.Exp(0.5 * Gauss()))))]))]);
    }

    public ErrorTails Tails(int count) => new("lst-ref, 4:1, api-dev",
    [
        .. from loss in new[] { ("untrained", 0.5), ("LM", 0.2), ("LM + QPAA", 0.1) }
           from query in new[] { ("continuation", 1.0), ("isotropic", 1.8) }
           select WithInterval(new ErrorSeries(loss.Item1, query.Item1, [.. Enumerable.Range(0, count).Select(_ => (float)(loss.Item2 * query.Item2 * Math.Exp(0.7 * Gauss()))).Order()]), 0.1),
    ]);

    /// <summary>A series with an interval of p95 of so much to both sides.</summary>
    public static ErrorSeries WithInterval(ErrorSeries series, double share)
    {
        var p95 = Number.Quantile(series.Errors, 0.95);
        return series with { P95 = new Estimate(p95, p95 * (1 - share), p95 * (1 + share), 64) };
    }

    public LogMassPairs LogMass(int pairs)
    {
        float[] window = [.. Enumerable.Range(0, pairs).Select(_ => (float)(3 + (2.5 * Gauss())))];
        float[] with = [.. window.Select(w => (float)(w - 0.1 + (0.4 * Gauss())))];
        return new("lst-ref, lst 4:1, api-dev", 3, 5, window, with, [.. with.Select(w => w - 1.45f)]);
    }

    public StoryRun[] Story(int steps, int every)
    {
        int[] at = [.. Enumerable.Range(1, steps)], probes = [.. Enumerable.Range(0, (steps / every) + 1).Select(i => i * every)];
        double[] Falling(double from, double to, double noise, int[] places) => [.. places.Select(step => to + ((from - to) * Math.Exp(-step / (0.3 * steps))) + (noise * Gauss()))];
        double[] none = [.. at.Select(_ => double.NaN)];
        return
        [
            new("LM + QPAA", "training-lst-ref-lst-4x-seed0-11111111", false, at, Falling(2.6, 1.31, 0.06, at), Falling(0.9, 0.12, 0.03, at), Falling(0.3, 0.05, 0.01, at), probes, Falling(0.8, 0.12, 0.005, probes)),
            new("LM", "training-lst-ref-lst-4x-seed0-22222222", true, at, Falling(2.6, 1.29, 0.06, at), none, none, probes, Falling(0.8, 0.22, 0.005, probes)),
        ];
    }

    /// <summary>A run that learns which tokens to keep, and has no held-out queries.</summary>
    public StoryRun ChoiceStory(int steps, int every)
    {
        int[] at = [.. Enumerable.Range(1, steps)], validations = [.. Enumerable.Range(0, (steps / every) + 1).Select(i => i * every)];
        double[] none = [.. at.Select(_ => double.NaN)];
        return new StoryRun("lst", "computed live", false, at, none, none, none, [], [])
        {
            Importance = [.. at.Select(step => Math.Exp(-step / (0.5 * steps)) + (0.05 * Gauss()))], DevelopmentSteps = validations, PplOverDense = [.. validations.Select(step => step == steps ? 0.994 : 1.3 - (0.2 * step / steps))],
            BudgetsFrom = validations.Length - 1,
        };
    }

    public static NeedleGrid Needles() => new("smollm2, lst 4:1", [0, 0.25, 0.5, 0.75, 1], [512, 1024, 2048, 4096],
        [[1, 1, 0.95, 0.8], [1, 0.9, 0.7, 0.55], [1, 0.85, 0.6, 0.4], [1, 0.95, 0.75, double.NaN], [1, 1, 1, 0.95]],
        [[20, 20, 20, 20], [20, 20, 20, 20], [20, 20, 20, 20], [20, 20, 20, 0], [20, 20, 20, 20]]);

    private float[] Softmax(int count, Func<int, double> score)
    {
        double[] scores = [.. Enumerable.Range(0, count).Select(score)];
        return Normal(scores.Select(s => Math.Exp(s - scores.Max())));
    }

    private static float[] Normal(IEnumerable<double> masses)
    {
        double[] all = [.. masses];
        return [.. all.Select(mass => (float)(mass / all.Sum()))];
    }

    private double Gauss() => Math.Sqrt(-2 * Math.Log(Uniform() + 1e-12)) * Math.Cos(2 * Math.PI * Uniform());

    private double Uniform()
    {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return (state >> 11) / (double)(1UL << 53);
    }
}
