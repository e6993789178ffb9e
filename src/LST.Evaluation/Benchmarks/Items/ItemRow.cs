namespace LST.Evaluation.Benchmarks.Items;

/// <summary>A row of a benchmark's table: a method at a ratio. Rows are ordered by ratio, then by method (ordinal), so that dense comes first.</summary>
/// <param name="Method">As it was typed.</param>
/// <param name="RatioRequested">Asked ratio; 1 for dense.</param>
public readonly record struct ItemRow(string Method, double RatioRequested) : IComparable<ItemRow>
{
    /// <inheritdoc/>
    public int CompareTo(ItemRow other) =>
        RatioRequested.CompareTo(other.RatioRequested) is var byRatio and not 0 ? byRatio : string.CompareOrdinal(Method, other.Method);

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Method} at {RatioRequested}:1");
}

/// <summary>What is scored once and no more: an item of a task under a row.</summary>
/// <param name="Task">Name of the task.</param>
/// <param name="ItemId">Name of the item, unique within its task.</param>
/// <param name="Row">Method and ratio.</param>
public readonly record struct ItemKey(string Task, string ItemId, ItemRow Row)
{
    /// <inheritdoc/>
    public override string ToString() => $"item '{ItemId}' of '{Task}' under {Row}";
}
