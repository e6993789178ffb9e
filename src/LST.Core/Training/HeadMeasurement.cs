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
internal sealed class HeadMeasurement(LanguageModel model, SidecarConfig config, Ratio ratio)
{
    private const int Queries = 64;

    /// <summary>Shares of slots, capped where a head is dense, and shares of recents.</summary>
    public static IReadOnlyList<HeadOption> Options(Ratio ratio)
    {
        double[] slots = [1 / 32.0, 1 / 16.0, 1 / 8.0, 1 / 4.0, 3 / 8.0, 1 / 2.0, 3 / 4.0, 1, 5 / 4.0, 3 / 2.0, 2, 3, 4, 6, 8];
        double[] recents = [0.02, 0.25, 0.5, 0.75, 0.9];
        List<HeadOption> options = [.. from s in slots where s < ratio.Value from r in recents select new HeadOption(s, r)];
        options.Add(new HeadOption(ratio.Value, 0));            // dense
        return options;
    }

    /// <summary>Errors [L·H_kv][options], means over sequences.</summary>
    public IReadOnlyList<IReadOnlyList<double>> Measure(IReadOnlyList<TrainingSequence> sequences, Action<int>? done = null, CancellationToken cancel = default)
    {
        var options = Options(ratio);
        var errors = Enumerable.Range(0, config.Heads).Select(_ => new double[options.Count]).ToArray();
        for (var i = 0; i < sequences.Count; i++)
        {
            Add(sequences[i], options, errors, cancel);
            done?.Invoke(i + 1);
        }
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
        IReadOnlyList<IReadOnlyList<double>> Table(Func<HeadOption, double> value) =>
            [.. Enumerable.Range(0, config.Model.Layers).Select(l => (IReadOnlyList<double>)[.. Enumerable.Range(0, heads).Select(h => value(options[chosen[l * heads + h]]))])];
        return config with { HeadSlots = Table(o => Math.Round(o.Slots / mean, 6)), HeadRecent = Table(o => o.Recent) };
    }

    private void Add(TrainingSequence sequence, IReadOnlyList<HeadOption> options, double[][] errors, CancellationToken cancel)
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var (tokens, heads) = (sequence.Prefix, model.Config.KeyValueHeads);
        var batches = options.Select(option => Windows(option, tokens)).ToList();
        try
        {
            Add(sequence, batches, errors, cancel);
        }
        finally
        {
            foreach (var batch in batches) batch?.Dispose();
        }
    }

    // Means with their mass, whatever the network will be; null for a dense head, which loses nothing.
    private WindowBatch? Windows(HeadOption option, int tokens)
    {
        if (option.Slots >= ratio.Value) return null;
        var slots = Math.Clamp((int)(option.Slots * ratio.Slots(tokens)), 2, tokens);
        var plan = WindowPlan.MakeWide(tokens, slots, BudgetExpression.Evaluate("lst:sinks", config.Sinks, slots, ratio), (int)(option.Recent * slots));
        return plan is null ? null : new WindowBatch(config, [.. Enumerable.Repeat(plan, model.Config.KeyValueHeads)], tokens, model.Rotary, model.Device);
    }

    private void Add(TrainingSequence sequence, IReadOnlyList<WindowBatch?> batches, double[][] errors, CancellationToken cancel)
    {
        var (tokens, heads) = (sequence.Prefix, model.Config.KeyValueHeads);
        using var cache = model.NewCache(1, tokens);
        Tensor Ids(ReadOnlySpan<long> ids) => tensor(ids.ToArray(), 1, ids.Length).to(model.Device);
        model.Run(Ids(sequence.PrefixIds), cache, new SegmentOptions { Cancel = cancel });
        using var generator = new Generator((ulong)sequence.Ids[^1] * 7919 + (ulong)sequence.Ids.Length, CPU);
        IReadOnlyList<Tensor> gradients;
        using (CollectionPause.Begin()) gradients = ContributionGradients.Of(model, cache, sequence.Inputs, generator);
        model.Run(Ids(sequence.Inputs), cache, new SegmentOptions
        {
            Append = false,
            Cancel = cancel,
            Capture = CaptureNeeds.Queries,
            OnLayer = capture =>
            {
                using var layerScope = NewDisposeScope();
                var (keys, values) = cache.Layers[capture.Layer].Tail.Joined();
                var probe = new HeadProbe(capture, gradients[capture.Layer], keys[0].to(float32), values[0].to(float32), Queries);
                var context = new LayerContext { Layer = capture.Layer, Config = model.Config, Rotary = model.Rotary, Keys = keys[0], Values = values[0] };
                var preRope = config.KeySpace == KeySpace.PreRope ? context.PreRopeKeys() : context.Keys;
                for (var o = 0; o < batches.Count; o++)
                {
                    if (batches[o] is not { } batch) continue;
                    using var optionScope = NewDisposeScope();
                    var means = new SuperTokens(zeros(0, model.Config.HeadDim, float32, model.Device), zeros(0, model.Config.HeadDim, float32, model.Device), null, null, null, SidecarModule.WideKeys(config, preRope, batch));
                    using var packed = means.Packed(context.Keys, context.Values, batch);
                    var lost = probe.Loss(packed);
                    for (var h = 0; h < heads; h++) errors[capture.Layer * heads + h][o] += lost[h];
                }
            },
        });
    }
}
