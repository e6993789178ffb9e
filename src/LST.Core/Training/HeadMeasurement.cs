using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Training.Data;
using static TorchSharp.torch;

namespace LST.Core.Training;

/// <summary>
/// Measures on training sequences how much each head of each layer loses under each way to spend its slots, and shares the budget out. The loss of a head is the divergence from the dense
/// model that the change of what it reads makes, to second order: ½ (g · (Attn_dense − Attn_compressed))² for queries of the continuation (<see cref="ContributionGradients"/>).
/// Super-tokens are untrained (means with their mass), so that nothing has to be trained first.
/// </summary>
/// <param name="model">The frozen model.</param>
/// <param name="config">Options of the sidecar that will be trained.</param>
/// <param name="ratio">At which ratio.</param>
/// <param name="chooser">Chooses tokens; null: windows follow each other.</param>
internal sealed class HeadMeasurement(LanguageModel model, SidecarConfig config, Ratio ratio, SidecarModule? chooser = null)
{
    private const int Queries = 64;

    /// <summary>
    /// Shares of slots and of recents; the last option is a dense head. Shares that <see cref="HeadBudgets"/> would raise, because a head has at least T/64 slots, are left out.
    /// One of at most 1 is always there.
    /// </summary>
    public static IReadOnlyList<HeadOption> Options(Ratio ratio)
    {
        double[] slots = [1 / 32.0, 1 / 16.0, 1 / 8.0, 1 / 4.0, 3 / 8.0, 1 / 2.0, 3 / 4.0, 1, 5 / 4.0, 3 / 2.0, 2, 3, 4, 6, 8];
        double[] recents = [0.02, 0.25, 0.5, 0.75, 0.9];
        var least = Math.Min(1, ratio.Value / HeadBudgets.LongestShare);
        List<HeadOption> options = [.. from s in slots where s >= least && s < ratio.Value from r in recents select new HeadOption(s, r)];
        // All of its tokens; where rounding or another ratio leaves it fewer slots than T, it divides them as it does best short of that (Choose).
        options.Add(new HeadOption(ratio.Value, 1));
        return options;
    }

    /// <summary>Errors [L·H_kv][options], means over sequences.</summary>
    /// <exception cref="DataException">One is not a finite number.</exception>
    public IReadOnlyList<IReadOnlyList<double>> Measure(IReadOnlyList<TrainingSequence> sequences, Action<int>? done = null, CancellationToken cancel = default)
    {
        var options = Options(ratio);
        var errors = Enumerable.Range(0, config.Heads).Select(_ => new double[options.Count]).ToArray();
        using var windows = new OptionWindows(config, options, ratio, model);
        for (var i = 0; i < sequences.Count; i++)
        {
            Add(sequences[i], windows.At(sequences[i].Prefix), errors, cancel);
            done?.Invoke(i + 1);
        }
        if (errors.Any(head => !head.All(double.IsFinite)))
            throw new DataException($"{model.Name}: what a head loses is not a finite number; the model overflows in its dtype {model.Dtype}: use --dtype float32, or --head-budgets 0 to measure nothing");
        foreach (var head in errors)
            for (var o = 0; o < head.Length; o++) head[o] /= sequences.Count;
        return errors;
    }

    /// <summary>The config with the budgets that cost least.</summary>
    public SidecarConfig Choose(IReadOnlyList<IReadOnlyList<double>> errors)
    {
        var options = Options(ratio);
        var chosen = HeadChoice.Of(errors, options);
        var mean = chosen.Average(o => options[o].Slots);
        var heads = config.Model.KeyValueHeads;
        IReadOnlyList<IReadOnlyList<double>> Table(Func<int, double> value) =>
            [.. Enumerable.Range(0, config.Model.Layers).Select(l => (IReadOnlyList<double>)[.. Enumerable.Range(0, heads).Select(h => value(l * heads + h))])];
        return config with { HeadSlots = Table(head => Math.Round(options[chosen[head]].Slots / mean, 6)), HeadRecent = Table(RecentOf) };

        // Recents that cost a dense head least where it has the most slots short of all.
        double RecentOf(int head) => options[chosen[head]] is { Recent: < 1 } option ? option.Recent
            : options.Zip(errors[head]).Where(o => o.First.Recent < 1).OrderByDescending(o => o.First.Slots).ThenBy(o => o.Second).Select(o => o.First.Recent).First();
    }

    private void Add(TrainingSequence sequence, IReadOnlyList<OptionWindows.Cut?> cuts, double[][] errors, CancellationToken cancel)
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        using var cache = model.NewCache(1, sequence.Prefix);
        model.Run(tensor(sequence.PrefixIds.ToArray(), 1, sequence.Prefix).to(model.Device), cache, new SegmentOptions { Cancel = cancel });
        using var generator = new Generator((ulong)sequence.Ids[^1] * 7919 + (ulong)sequence.Ids.Length, CPU);
        var layers = ContributionGradients.Of(model, cache, sequence.Inputs, generator, cancel);
        for (var l = 0; l < layers.Count; l++)
        {
            cancel.ThrowIfCancellationRequested();
            using var pause = CollectionPause.Begin();
            using var layerScope = NewDisposeScope();
            var (keys, values) = cache.Layers[l].Tail.Joined();
            var context = new LayerContext { Layer = l, Config = model.Config, Rotary = model.Rotary, Keys = keys[0], Values = values[0] };
            Add(context, new HeadProbe(layers[l], keys[0], values[0], Queries, model.Config.SlidingWindow), cuts, errors);
        }
    }

    /// <summary>Adds to the errors of one layer, in the current dispose scope.</summary>
    internal void Add(LayerContext context, HeadProbe probe, IReadOnlyList<OptionWindows.Cut?> cuts, double[][] errors)
    {
        var isPreRope = config.KeySpace == KeySpace.PreRope;
        if (chooser is not null)
        {
            AddChosen(context, probe, cuts, errors, chooser.Importance(context.Layer, isPreRope ? context.PreRopeKeys() : context.Keys, context.Values));
            return;
        }
        var keySums = WideWindows.RunningSums(isPreRope ? context.PreRopeKeys() : context.Keys);
        var valueSums = WideWindows.RunningSums(context.Values);
        for (var o = 0; o < cuts.Count; o++)
        {
            if (cuts[o] is not { } cut) continue;
            using var scope = NewDisposeScope();
            Tensor ByHead(Tensor means) => means.view(context.KeyValueHeads, -1, model.Config.HeadDim);
            var keys = cut.Wide.MeansOf(keySums);
            var lost = probe.Loss(cut.Plan.Sinks, cut.Plan.Recent, ByHead(isPreRope ? cut.Wide.Place(keys) : keys), ByHead(cut.Wide.MeansOf(valueSums)), cut.Wide);
            for (var h = 0; h < lost.Length; h++) errors[context.Layer * lost.Length + h][o] += lost[h];
        }
    }

    // The same for heads that choose: kept tokens by their shares, merged ones as the choice makes them.
    private void AddChosen(LayerContext context, HeadProbe probe, IReadOnlyList<OptionWindows.Cut?> cuts, double[][] errors, Tensor importance)
    {
        var keys = context.PreRopeKeys();
        for (var o = 0; o < cuts.Count; o++)
        {
            if (cuts[o] is not { } cut) continue;
            using var scope = NewDisposeScope();
            using var packed = TokenChoice.Compress(config, context, keys, [.. Enumerable.Repeat(cut.Plan, context.KeyValueHeads)], importance);
            var lost = probe.Loss(packed);
            for (var h = 0; h < lost.Length; h++) errors[context.Layer * lost.Length + h][o] += lost[h];
        }
    }
}
