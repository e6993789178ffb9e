using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Sidecar;

namespace LST.Core.Training;

/// <summary>The windows of all layers for one prefix length and ratio; layers with the same plans share theirs.</summary>
internal sealed class SequenceWindows : IDisposable
{
    private readonly WindowBatch?[] byLayer;

    public SequenceWindows(LanguageModel model, SidecarConfig config, int tokens, Ratio ratio)
    {
        var context = new PlanContext(tokens, model.Config.Layers, model.Config.KeyValueHeads, ratio);
        var plans = context.IsIdentity ? null : HeadBudgets.Of(config, context);
        byLayer = new WindowBatch?[model.Config.Layers];
        for (var l = 0; l < byLayer.Length && plans is not null; l++)
        {
            var same = Enumerable.Range(0, l).FirstOrDefault(other => plans[other].SequenceEqual(plans[l]), -1);
            byLayer[l] = same >= 0 ? byLayer[same] : plans[l].All(plan => plan is null) ? null : new WindowBatch(config, plans[l], tokens, model.Rotary, model.Device);
        }
    }

    /// <summary>Windows of a layer; null where nothing is compressed.</summary>
    public WindowBatch? Of(int layer) => byLayer[layer];

    public void Dispose()
    {
        foreach (var batch in byLayer.OfType<WindowBatch>().Distinct()) batch.Dispose();
    }
}
