using LST.Core.Compression.Online;
using LST.Core.Compression.Online.Evicting;
using static TorchSharp.torch;

namespace LST.Core.Baselines.Online;

/// <summary>
/// WeightedKV while tokens arrive: of the slots between sinks and recents those with the smallest average attention leave, one after the other, and each
/// value goes into the next slot that is still there, weighted by both averages, which stay as they are.
/// </summary>
/// <param name="protection">s and R at a budget of n.</param>
internal sealed class FoldedValues(Func<int, (int Sinks, int Recent)> protection) : IEvictionRule
{
    /// <inheritdoc/>
    public OnlineNeeds Needs => OnlineNeeds.Attention;

    /// <inheritdoc/>
    public int StateBytes => 8;

    /// <inheritdoc/>
    public int[][] Choose(EvictionStep step)
    {
        var kept = new int[step.Budgets.Count][];
        for (var i = 0; i < kept.Length; i++)
        {
            using var scope = NewDisposeScope();
            var (asked, last) = protection(step.Budgets[i]);
            // The last slot has no right neighbour and stays; sinks give way first.
            var recent = Math.Clamp(last, 1, step.Budgets[i]);
            var sinks = Math.Min(asked, step.Budgets[i] - recent);
            var length = step.Length(i);
            float[] average = [.. Enumerable.Range(0, length).Select(step.Sums[i].Average)];
            var leaving = Enumerable.Range(sinks, length - sinks - recent).OrderBy(slot => average[slot]).ThenByDescending(slot => slot).Take(step.Excess(i)).ToHashSet();
            var staying = kept[i] = [.. Enumerable.Range(0, length).Where(slot => !leaving.Contains(slot))];
            if (leaving.Count == 0) continue;
            step.Slots.ChangeValues(i, (rows, width) => ValueFolding.Sequential(rows, width, average, staying));
            var counts = step.Slots.CountsOf(i);
            for (var slot = length - 2; slot >= 0; slot--)
                if (leaving.Contains(slot)) counts[staying.First(other => other > slot)] += counts[slot];
        }
        return kept;
    }

    /// <inheritdoc/>
    public void Dispose() { }
}
