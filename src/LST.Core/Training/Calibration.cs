using LST.Core.Losses.Probes;
using LST.Core.Models;
using LST.Core.Sidecar;
using static TorchSharp.torch;

namespace LST.Core.Training;

/// <summary>Statistics that a run measures before its first step: channels of keys and values, and queries where probes are fitted to them.</summary>
internal sealed class Calibration(LanguageModel model, TrainingOptions options, TrainingData data)
{
    public (InputScale Scale, IReadOnlyList<QueryStatistics>? Queries) Measure(CancellationToken cancel)
    {
        var config = options.Sidecar;
        var fits = options.Losses.Alignment > 0 && ProbeSources.Parse(options.Losses.Probes).Needs.HasFlag(ProbeNeeds.Statistics);
        if (config.Scaling == InputScaling.None && !fits) return (InputScale.Unit(config), null);
        using var channels = new InputScaleBuilder(config.Model);
        var queries = fits ? Enumerable.Range(0, config.Model.Layers).Select(_ => new QueryStatisticsBuilder(config.Model.QueryHeads, config.Model.HeadDim)).ToList() : null;
        try
        {
            // Spread over the pool, so that every kind of sequence is seen.
            var count = Math.Min(options.Calibration, options.Pool);
            for (var i = 0; i < count; i++)
            {
                using var pause = CollectionPause.Begin();
                using var scope = NewDisposeScope();
                using var prepared = PreparedPrefix.Of(model, data.Sequences((long)i * options.Pool / count), new PrefixNeeds(fits, 0), cancel);
                for (var l = 0; l < config.Model.Layers; l++)
                {
                    var context = prepared.Context(l, model);
                    channels.Add(l, config.KeySpace == KeySpace.PreRope ? context.PreRopeKeys() : context.Keys, context.Values);
                    queries?[l].Add(context.PreRopeQueries!);
                }
            }
            return (config.Scaling == InputScaling.None ? InputScale.Unit(config) : channels.Build(), queries?.Select(builder => builder.Build()).ToList());
        }
        finally
        {
            foreach (var builder in queries ?? []) builder.Dispose();
        }
    }
}
