using LST.Core.Caching;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Baselines.Online;

/// <summary>What methods that rank by accumulated attention leave with the slots of a prompt, so that they can go on while tokens arrive.</summary>
internal static class AttentionSums
{
    /// <summary>Gives every slot the sum of attention on the token at its position, and the number of queries that saw it.</summary>
    /// <param name="made">Slots at positions of the prompt.</param>
    /// <param name="layer">The layer that they were made of.</param>
    /// <param name="group">Reduction of the sums over a group's query heads.</param>
    public static CompressedLayer Remember(CompressedLayer made, LayerContext layer, GroupReduction group = GroupReduction.Mean)
    {
        using var scope = NewDisposeScope();
        var statistics = layer.RequireStatistics();
        var sums = statistics.ReduceGroups(statistics.ColumnSums, group);                    // [H_kv, T]
        var rows = new long[made.Offsets[^1]];
        for (var h = 0; h < made.KeyValueHeads; h++)
            for (var row = made.Offsets[h]; row < made.Offsets[h + 1]; row++) rows[row] = ((long)h * layer.Tokens) + made.Positions[row];
        var counts = statistics.ColumnCounts().unsqueeze(0).expand(sums.shape);
        return made.With(stack([sums, counts], -1).reshape(-1, 2).index_select(0, tensor(rows, device: sums.device)));
    }
}
