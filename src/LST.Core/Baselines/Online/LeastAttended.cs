using LST.Core.Compression;
using LST.Core.Compression.Online;
using LST.Core.Compression.Online.Evicting;

namespace LST.Core.Baselines.Online;

/// <summary>
/// H2O while tokens arrive: of the slots between sinks and recents those with the smallest sum of attention leave (or the smallest average, under
/// <c>normalize=by-count</c>); of equal ones the later.
/// </summary>
/// <param name="protection">s and R at a budget of n.</param>
/// <param name="group">Reduction over a group's query heads.</param>
/// <param name="isAverage">Ranked by the average.</param>
internal sealed class LeastAttended(Func<int, (int Sinks, int Recent)> protection, GroupReduction group, bool isAverage) : IEvictionRule
{
    /// <summary>By the options of H2O.</summary>
    /// <param name="options">Its options.</param>
    /// <param name="ratio">r, for options that are expressions of it.</param>
    public LeastAttended(MethodOptions options, Ratio ratio)
        : this(slots => (options.Slots("sinks", slots, ratio), options.Slots("recent", slots, ratio)), options.Group("group"), options["normalize"] == "by-count")
    {
    }

    /// <inheritdoc/>
    public OnlineNeeds Needs => OnlineNeeds.Attention;

    /// <inheritdoc/>
    public int StateBytes => isAverage ? 8 : 4;

    /// <inheritdoc/>
    public GroupReduction Group => group;

    /// <inheritdoc/>
    public int[][] Choose(EvictionStep step) => [.. Enumerable.Range(0, step.Budgets.Count).Select(i =>
    {
        var (sums, n) = (step.Sums[i], step.Budgets[i]);
        var (asked, last) = protection(n);
        var (sinks, recent) = Protected.Clamp(asked, last, n);
        float Score(int slot) => isAverage ? sums.Average(slot) : sums.Sums[slot];
        var leaving = Enumerable.Range(sinks, step.Length(i) - sinks - recent).OrderBy(Score).ThenByDescending(slot => slot).Take(step.Excess(i)).ToHashSet();
        return Enumerable.Range(0, step.Length(i)).Where(slot => !leaving.Contains(slot)).ToArray();
    })];

    /// <inheritdoc/>
    public void Dispose() { }
}
