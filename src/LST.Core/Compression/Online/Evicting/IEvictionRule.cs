using LST.Core.Caching;

namespace LST.Core.Compression.Online.Evicting;

/// <summary>Which slots a method gives up when a head holds more than its budget. One instance serves all layers of a cache.</summary>
internal interface IEvictionRule : IDisposable
{
    /// <summary>What every step has to compute for it.</summary>
    OnlineNeeds Needs { get; }

    /// <summary>Bytes that it remembers of each slot.</summary>
    int StateBytes { get; }

    /// <summary>Reduction of the attention of a group's query heads.</summary>
    GroupReduction Group => GroupReduction.Mean;

    /// <summary>Bytes that it keeps of a layer besides.</summary>
    long LayerBytes(int layer) => 0;

    /// <summary>The slots that stay, ascending, of every head of every sample [B·H_kv]. May change values of those that stay.</summary>
    int[][] Choose(EvictionStep step);

    /// <summary>Called with the slots that stayed.</summary>
    void Finish(int layer, CompressedLayer slots) { }
}

/// <summary>One layer that may hold too many slots; new tokens are slots at the end.</summary>
/// <param name="Layer">Layer index.</param>
/// <param name="Slots">All slots.</param>
/// <param name="Sums">What is remembered of them [B·H_kv], this step's attention included; empty lists where the rule asks for no attention.</param>
/// <param name="LastRow">Attention of the step's last query on each slot [B·H_kv][slots], or null.</param>
/// <param name="Budgets">n of each head of each sample [B·H_kv].</param>
internal sealed record EvictionStep(int Layer, CompressedLayer Slots, IReadOnlyList<SlotSums> Sums, float[][]? LastRow, IReadOnlyList<int> Budgets)
{
    /// <summary>Slots of a list, new ones included.</summary>
    public int Length(int list) => Slots.Length(list / Slots.KeyValueHeads, list % Slots.KeyValueHeads);

    /// <summary>Slots that a list has too many.</summary>
    public int Excess(int list) => Math.Max(0, Length(list) - Budgets[list]);
}
