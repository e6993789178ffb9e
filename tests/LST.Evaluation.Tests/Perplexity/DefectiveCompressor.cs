using LST.Core.Caching;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Evaluation.Tests.Perplexity;

/// <summary>How a method goes wrong.</summary>
public enum Defect
{
    /// <summary>It does not.</summary>
    None,

    /// <summary>Plans n slots, keeps all.</summary>
    KeepsAll,

    /// <summary>Plans n slots, keeps one more in the last head of the last layer.</summary>
    KeepsOneMore,

    /// <summary>Plans to keep all, and says that this is its budget.</summary>
    PlansAll,

    /// <summary>Plans one slot more than n in one head.</summary>
    PlansOneMore,

    /// <summary>Stores keys for twice as many heads.</summary>
    TwiceTheHeads,

    /// <summary>Stores keys of half the width.</summary>
    HalfTheWidth,

    /// <summary>Throws in the second layer.</summary>
    Throws,

    /// <summary>Throws when asked for the next position.</summary>
    ThrowsAtTheEnd,
}

/// <summary>Keeps the first n tokens, or does not.</summary>
internal sealed class DefectiveCompressor(Defect defect) : IKvCompressor
{
    public static MethodSpec Spec(Defect defect) =>
        new("defective", new MethodEntry("defective", [], "for tests", [], _ => new DefectiveCompressor(defect)), new MethodOptions("defective", new Dictionary<string, string>()));

    public CompressorNeeds Needs => CompressorNeeds.Statistics | CompressorNeeds.PreRopeKeys | CompressorNeeds.Hidden;

    public BudgetPlan Plan(PlanContext context)
    {
        if (defect == Defect.PlansAll) return BudgetPlan.Uniform(context, context.Tokens) with { SlotsPerHead = context.Tokens };
        var plan = BudgetPlan.Uniform(context, context.Slots);
        if (defect != Defect.PlansOneMore) return plan;
        return plan with { Layers = [plan.Layers[0] with { SlotsByHead = [.. plan.Layers[0].SlotsByHead.Skip(1), context.Slots + 1] }, .. plan.Layers.Skip(1)] };
    }

    public int NextPosition(PlanContext context, BudgetPlan plan) => defect == Defect.ThrowsAtTheEnd ? throw new InvalidOperationException("broken") : context.Tokens;

    public CompressedLayer Compress(LayerContext layer, LayerBudget budget)
    {
        using var scope = NewDisposeScope();
        int[] kept = [.. Enumerable.Range(0, budget.SlotsByHead[0])];
        if (defect == Defect.Throws && layer.Layer == 1)
        {
            layer.RequireStatistics().ColumnSums.sum();
            throw new InvalidOperationException("broken");
        }
        if (defect == Defect.KeepsAll) return Selection.Identity(layer);
        if (defect == Defect.KeepsOneMore && layer.Layer == layer.Config.Layers - 1)
            return Selection.Gather(layer, [.. Enumerable.Repeat(kept, layer.KeyValueHeads - 1), [.. kept, kept.Length]]);
        var sound = Selection.Same(layer, kept);
        if (defect is not (Defect.TwiceTheHeads or Defect.HalfTheWidth)) return sound;
        var (heads, width) = defect == Defect.TwiceTheHeads ? (2, sound.Keys.shape[1]) : (1, sound.Keys.shape[1] / 2);
        var (keys, values) = (sound.Keys.repeat(heads, 1).narrow(1, 0, width), sound.Values.repeat(heads, 1).narrow(1, 0, width));
        sound.Dispose();
        return new CompressedLayer(1, heads * layer.KeyValueHeads, keys, values, [.. Enumerable.Range(0, (heads * layer.KeyValueHeads) + 1).Select(h => h * kept.Length)],
            [.. Enumerable.Repeat(kept, heads * layer.KeyValueHeads).SelectMany(p => p)]).Detached();
    }

    public void Dispose() { }
}
