using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Training.Data;
using static TorchSharp.torch;

namespace LST.Core.Training;

/// <summary>One validation: compressed against dense on development data.</summary>
/// <param name="Step">After which step.</param>
/// <param name="LogRatioByText">Mean over chunks of NLL(compressed) − NLL(dense), nats a token; perplexity over dense is its exponential.</param>
/// <param name="Recall">Share of recall items that are right; null: none were asked.</param>
/// <param name="IsCandidate">Whether these parameters may become the best; not where the heads' budgets are still to be measured.</param>
/// <param name="QueryError">Error on held-out queries (<see cref="Trainer.QueryError"/>); null: not measured. Nothing is chosen by it.</param>
public sealed record ValidationResult(int Step, IReadOnlyDictionary<string, double> LogRatioByText, double? Recall, bool IsCandidate = true, double? QueryError = null)
{
    /// <summary>Mean over texts: what the best step is chosen by.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public double Mean => LogRatioByText.Count == 0 ? double.NaN : LogRatioByText.Values.Average();
}

/// <summary>Measures a sidecar on development data, as it is used: one compression, one pass over the continuation.</summary>
internal sealed class Validation(LanguageModel model, TrainingData data, PrefixNeeds needs, long byteBudget) : IDisposable
{
    private readonly PrefixStore store = new(model, index => SequenceOf(data, index), needs, byteBudget);
    private readonly Dictionary<long, double> denseLosses = [];

    public ValidationResult Run(SidecarModule sidecar, IReadOnlyList<Ratio> ratios, int step, CancellationToken cancel)
    {
        using var noGradients = no_grad();
        var byText = new Dictionary<string, double>();
        var index = 0L;
        foreach (var text in data.Development)
        {
            var sum = 0.0;
            foreach (var _ in text.Chunks)
            {
                sum += ratios.Average(ratio => Loss(sidecar, index, ratio, cancel) - Dense(index, cancel));
                index++;
            }
            byText[text.Name] = sum / text.Chunks.Count;
        }
        if (data.Recall.Count == 0) return new ValidationResult(step, byText, null);
        var right = 0.0;
        foreach (var item in data.Recall)
        {
            foreach (var ratio in ratios) right += IsRight(sidecar, index, item.Sequence, ratio, cancel) ? 1.0 / ratios.Count : 0;
            index++;
        }
        return new ValidationResult(step, byText, right / data.Recall.Count);
    }

    public void Dispose() => store.Dispose();

    private static TrainingSequence SequenceOf(TrainingData data, long index)
    {
        foreach (var text in data.Development)
        {
            if (index < text.Chunks.Count) return text.Chunks[(int)index];
            index -= text.Chunks.Count;
        }
        return data.Recall[(int)index].Sequence;
    }

    private double Dense(long index, CancellationToken cancel)
    {
        if (denseLosses.TryGetValue(index, out var known)) return known;
        var prepared = store.Get(index, cancel);
        return denseLosses[index] = TokenLosses.Of(model, prepared.DenseHidden, prepared.Sequence.Targets).Average();
    }

    private double Loss(SidecarModule sidecar, long index, Ratio ratio, CancellationToken cancel)
    {
        using var scope = NewDisposeScope();
        var prepared = store.Get(index, cancel);
        return TokenLosses.Of(model, Hidden(sidecar, prepared, ratio, cancel), prepared.Sequence.Targets).Average();
    }

    private bool IsRight(SidecarModule sidecar, long index, TrainingSequence sequence, Ratio ratio, CancellationToken cancel)
    {
        using var scope = NewDisposeScope();
        var hidden = Hidden(sidecar, store.Get(index, cancel), ratio, cancel);
        var best = model.Logits(hidden).argmax(-1).cpu().data<long>().ToArray();
        var targets = sequence.Targets;
        for (var t = 0; t < targets.Length; t++)
            if (sequence.Weight(t) >= 1 && best[t] != targets[t]) return false;
        return true;
    }

    // Hidden states of the continuation over the compressed cache [S, M].
    private Tensor Hidden(SidecarModule sidecar, PreparedPrefix prepared, Ratio ratio, CancellationToken cancel)
    {
        using var pause = CollectionPause.Begin();
        var plans = sidecar.Config.Choice == TokenChoiceRule.Learned ? HeadBudgets.Of(sidecar.Config, new PlanContext(prepared.Sequence.Prefix, model.Config.Layers, model.Config.KeyValueHeads, ratio)) : null;
        using var windows = plans is null ? new SequenceWindows(model, sidecar.Config, prepared.Sequence.Prefix, ratio) : null;
        using var cache = model.NewCache(1, 1);
        cache.NextPositions[0] = prepared.Sequence.Prefix;
        for (var l = 0; l < model.Config.Layers; l++)
        {
            using var scope = NewDisposeScope();
            var context = prepared.Context(l, model);
            if (plans is not null)
            {
                cache.Layers[l].Replace(SuperTokenCompressor.Chosen(sidecar, context, plans[l]).Detached());
                continue;
            }
            cache.Layers[l].Replace(windows!.Of(l) is { } batch ? SuperTokenCompressor.Compress(sidecar, context, batch).Detached() : Selection.Identity(context));
        }
        var ids = tensor(prepared.Sequence.Inputs.ToArray(), 1, prepared.Sequence.Suffix).to(model.Device);
        return model.Run(ids, cache, new SegmentOptions { Append = false, Cancel = cancel })[0];
    }
}
