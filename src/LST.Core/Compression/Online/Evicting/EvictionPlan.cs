namespace LST.Core.Compression.Online.Evicting;

/// <summary>Sizes of a cache whose heads never hold more than n slots between steps; all tokens are slots, the tail is empty.</summary>
internal sealed class EvictionPlan : IOnlinePlan
{
    private readonly OnlineBudget budget;

    /// <summary>A plan for a method that keeps some tokens in any case.</summary>
    /// <param name="method">For sentences.</param>
    /// <param name="budget">n.</param>
    /// <param name="kept">Tokens that the method keeps in any case at the least n.</param>
    /// <exception cref="UsageException">The budget leaves nothing to choose.</exception>
    public EvictionPlan(string method, OnlineBudget budget, int kept)
    {
        this.budget = budget;
        // Behind a prompt a head may have less: it keeps what its prompt left.
        if ((budget.IsFixed || budget.Least > 1) && budget.Least <= kept)
            throw new UsageException($"method '{method}': a cache of {budget.Least} slots leaves it nothing to choose, it needs at least {kept + 1}: what it keeps in any case, and one more");
    }

    /// <inheritdoc/>
    public int TailTokens => 0;

    /// <inheritdoc/>
    public int PromptTokens => 0;

    /// <inheritdoc/>
    public long MostSlots(long seen) => budget.Slots(seen);

    /// <inheritdoc/>
    public long MostSlots(long seen, int slotsAtStart, long seenAtStart) => Math.Max(slotsAtStart, budget.Slots(seen));
}
