namespace LST.Core.Compression.Online.Evicting;

/// <summary>Sizes of a cache whose heads never hold more than n slots between steps; all tokens are slots, the tail is empty.</summary>
/// <param name="budget">n.</param>
internal sealed class EvictionPlan(OnlineBudget budget) : IOnlinePlan
{
    /// <inheritdoc/>
    public int TailTokens => 0;

    /// <inheritdoc/>
    public int PromptTokens => 0;

    /// <inheritdoc/>
    public long MostSlots(long seen) => budget.Slots(seen);

    /// <inheritdoc/>
    public long MostSlots(long seen, int slotsAtStart, long seenAtStart) => Math.Max(slotsAtStart, budget.Slots(seen));
}
