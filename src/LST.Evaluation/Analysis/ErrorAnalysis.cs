using LST.Core;
using LST.Core.Compression;
using LST.Evaluation.Statistics;
using static TorchSharp.torch;

namespace LST.Evaluation.Analysis;

/// <summary>
/// Errors of attention's output: |o_c − o_d| / |o_d|, where o_d is what a query of one head reads from the prefix and o_c what it reads from the slots that stand for it; the
/// continuation's own tokens are left out of both. Queries are those of the dense model, layer by layer, so that errors of layers below play no part.
/// </summary>
public static class ErrorAnalysis
{
    /// <summary>The median error of each layer and query head, with its interval (view 3).</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="method">The method.</param>
    /// <param name="ratios">One grid each.</param>
    /// <param name="querySource">One of <see cref="QuerySources.Names"/>.</param>
    /// <param name="queries">Queries of each cell.</param>
    /// <param name="seed">Seed of probes and of the bootstrap.</param>
    /// <param name="cancel">Stops between layers.</param>
    public static ErrorGrid ErrorGrid(
        this PromptAnalysis prompt, MethodSpec method, IReadOnlyList<Ratio> ratios, string querySource = QuerySources.Continuation, int queries = 64, long seed = 0, CancellationToken cancel = default) =>
        Grid(prompt, [.. ratios.Select(ratio => (method, ratio))], method.Typed, querySource, queries, seed, cancel);

    /// <summary>The same for several methods at one ratio; the queries are the same for all.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="methods">One grid each.</param>
    /// <param name="ratio">r.</param>
    /// <param name="querySource">One of <see cref="QuerySources.Names"/>.</param>
    /// <param name="queries">Queries of each cell.</param>
    /// <param name="seed">Seed of probes and of the bootstrap.</param>
    /// <param name="cancel">Stops between layers.</param>
    public static ErrorGrid ErrorGrid(
        this PromptAnalysis prompt, IReadOnlyList<MethodSpec> methods, Ratio ratio, string querySource = QuerySources.Continuation, int queries = 64, long seed = 0, CancellationToken cancel = default) =>
        Grid(prompt, [.. methods.Select(method => (method, ratio))], $"{ratio}:1", querySource, queries, seed, cancel) with { Methods = [.. methods.Select(method => method.Typed)] };

    /// <summary>All errors of all layers and heads, ascending, by method and query source (view 5).</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="methods">What each sidecar was trained with, and the method: <c>("LM + QPAA", MethodSpec.Parse("lst", sidecar: file))</c>.</param>
    /// <param name="ratio">r.</param>
    /// <param name="querySources">Some of <see cref="QuerySources.Names"/>; null: continuation, isotropic and gaussian.</param>
    /// <param name="queries">Queries of each layer and head.</param>
    /// <param name="seed">Seed of probes, the same ones for every method, and of the bootstrap.</param>
    /// <param name="cancel">Stops between layers.</param>
    public static ErrorTails ErrorTails(
        this PromptAnalysis prompt, IReadOnlyList<(string Loss, MethodSpec Method)> methods, Ratio ratio, IReadOnlyList<string>? querySources = null, int queries = 64, long seed = 0, CancellationToken cancel = default)
    {
        Named(methods);
        var made = prompt.Compress([.. methods.Select(method => (method.Method, ratio))], cancel);
        List<ErrorSeries> series = [];
        var bootstrap = new QuantileBootstrap(queries, seed);
        foreach (var source in querySources ?? DefaultSources)
        {
            var errors = Errors(prompt, made, source, queries, seed, cancel);
            for (var i = 0; i < methods.Count; i++)
            {
                float[] all = [.. errors[i].SelectMany(heads => heads.SelectMany(cell => cell))];
                series.Add(new ErrorSeries(methods[i].Loss, source, [.. all.Order()]) { P95 = bootstrap.Quantile(all, 0.95) });
            }
        }
        return new ErrorTails(prompt.SourceOf($"{ratio}:1"), series);
    }

    /// <summary>
    /// Real queries and probes of one head on the plane of the first two principal axes of the real ones, with the error of each under each method (view 4). Axes point where
    /// their largest component is positive.
    /// </summary>
    /// <param name="prompt">The prompt; its continuation holds at least two queries.</param>
    /// <param name="layer">Layer from 0.</param>
    /// <param name="head">Query head from 0.</param>
    /// <param name="methods">As in <see cref="ErrorTails"/>; a panel each.</param>
    /// <param name="ratio">r.</param>
    /// <param name="queries">Points of each query source; null: as many as the continuation has.</param>
    /// <param name="seed">Seed of probes.</param>
    /// <param name="cancel">Stops between layers.</param>
    public static ProbeCloud ProbeCloud(
        this PromptAnalysis prompt, int layer, int head, IReadOnlyList<(string Loss, MethodSpec Method)> methods, Ratio ratio, int? queries = null, long seed = 0, CancellationToken cancel = default)
    {
        Named(methods);
        AnalysisBounds.CheckHead(layer, head, prompt.Layers.Count, prompt.Model.Config.QueryHeads, "query head");
        if (prompt.Continuation < 2) throw new UsageException("a probe cloud needs at least 2 queries behind the prefix, this prompt has 1; open it with a longer continuation");
        var made = prompt.Compress([.. methods.Select(method => (method.Method, ratio))], cancel);
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var held = prompt.Layers[layer];
        var axes = PrincipalAxes.Of(held.Queries[head].narrow(0, prompt.Prefix, prompt.Continuation));
        var panels = methods.Select(method => (method.Loss, Points: new List<ProbePoint>())).ToList();
        foreach (var source in DefaultSources)
        {
            var rows = QuerySources.Draw(source, held, layer, prompt.Model, prompt.Prefix, queries ?? prompt.Continuation, seed);
            var places = PlainRows.Of(axes.Project(rows.Queries[head]));
            var errors = PrefixAttention.Errors(held, rows, prompt.Prefix, prompt.Model, Caches(made, layer));
            for (var i = 0; i < panels.Count; i++)
            {
                var own = PlainRows.Of(errors[i])[head];
                panels[i].Points.AddRange(places.Select((place, q) => new ProbePoint(source, place[0], place[1], own[q])));
            }
        }
        return new ProbeCloud(prompt.SourceOf($"{ratio}:1"), layer, head, axes.Explained, [.. panels.Select(panel => (panel.Loss, (IReadOnlyList<ProbePoint>)panel.Points))]);
    }

    /// <summary>[method][L][H_q][Q]; queries are drawn once a layer, the same for every method.</summary>
    internal static IReadOnlyList<float[][][]> Errors(PromptAnalysis prompt, IReadOnlyList<CompressedAnalysis> made, string querySource, int queries, long seed, CancellationToken cancel)
    {
        using var noGradients = no_grad();
        var errors = made.Select(_ => new float[prompt.Layers.Count][][]).ToList();
        for (var l = 0; l < prompt.Layers.Count; l++)
        {
            cancel.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var rows = QuerySources.Draw(querySource, prompt.Layers[l], l, prompt.Model, prompt.Prefix, queries, seed);
            var found = PrefixAttention.Errors(prompt.Layers[l], rows, prompt.Prefix, prompt.Model, Caches(made, l));
            for (var i = 0; i < made.Count; i++) errors[i][l] = PlainRows.Of(found[i]);
        }
        return errors;
    }

    private static ErrorGrid Grid(PromptAnalysis prompt, IReadOnlyList<(MethodSpec Method, Ratio Ratio)> made, string what, string querySource, int queries, long seed, CancellationToken cancel)
    {
        var errors = Errors(prompt, prompt.Compress(made, cancel), querySource, queries, seed, cancel);
        var bootstrap = new MedianBootstrap(queries, seed);
        var cells = errors.Select(layers => layers.Select(heads => heads.Select(cell => bootstrap.Median(cell)).ToList()).ToList()).ToList();
        IReadOnlyList<IReadOnlyList<IReadOnlyList<float>>> Of(Func<Estimate, double> value) => [.. cells.Select(layers => (IReadOnlyList<IReadOnlyList<float>>)[.. layers.Select(heads => (IReadOnlyList<float>)[.. heads.Select(cell => (float)value(cell))])])];
        return new ErrorGrid(prompt.SourceOf(what), querySource, [.. made.Select(one => one.Ratio.Value)], Of(cell => cell.Value), Of(cell => cell.Low), Of(cell => cell.High), queries);
    }

    private static readonly string[] DefaultSources = [QuerySources.Continuation, "isotropic", "gaussian"];

    private static List<(Core.Caching.CompressedLayer, int)> Caches(IReadOnlyList<CompressedAnalysis> made, int layer) => [.. made.Select(cache => (cache.Layers[layer], cache.Shift))];

    private static void Named(IReadOnlyList<(string Loss, MethodSpec Method)> methods)
    {
        if (methods.Count == 0) throw new UsageException("errors are compared over at least one method, none was given; name e.g. (\"untrained\", MethodSpec.Parse(\"lst:sidecar=untrained\"))");
    }
}
