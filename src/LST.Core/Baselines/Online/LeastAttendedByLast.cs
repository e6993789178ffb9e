using LST.Core.Compression.Online;
using LST.Core.Compression.Online.Evicting;

namespace LST.Core.Baselines.Online;

/// <summary>TOVA while tokens arrive: the slots that the step's last query attends to least leave, by the mean over all query heads; one set for all heads of a layer; of equal ones the later.</summary>
/// <param name="keepsLast">The newest token stays in any case.</param>
internal sealed class LeastAttendedByLast(bool keepsLast) : IEvictionRule
{
    /// <inheritdoc/>
    public OnlineNeeds Needs => OnlineNeeds.Attention;

    /// <inheritdoc/>
    public int StateBytes => 0;

    /// <inheritdoc/>
    public int[][] Choose(EvictionStep step)
    {
        var heads = step.Slots.KeyValueHeads;
        var kept = new int[step.Budgets.Count][];
        for (var first = 0; first < kept.Length; first += heads)
        {
            var (length, rows) = (step.Length(first), step.LastRow!.AsSpan(first, heads).ToArray());
            var candidates = length - (keepsLast ? 1 : 0);
            var leaving = Enumerable.Range(0, candidates).OrderBy(slot => rows.Sum(row => (double)row[slot])).ThenByDescending(slot => slot).Take(step.Excess(first)).ToHashSet();
            kept[first] = [.. Enumerable.Range(0, length).Where(slot => !leaving.Contains(slot))];
            for (var h = 1; h < heads; h++) kept[first + h] = kept[first];
        }
        return kept;
    }

    /// <inheritdoc/>
    public void Dispose() { }
}
