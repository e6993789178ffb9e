using LST.Core;
using LST.Evaluation.Random;

namespace LST.Evaluation.Benchmarks.Items;

/// <summary>An item that is run, and its place in the whole task.</summary>
/// <param name="Index">From 0.</param>
/// <param name="Item">The item.</param>
public readonly record struct SelectedItem<T>(int Index, T Item);

/// <summary>Which items of a task are run, and in which order.</summary>
public static class ItemSelection
{
    /// <summary>
    /// With a limit the first N of the items after <c>PyRandom(0).shuffle</c> (conventions §7; benchmarks §8: never the first rows), so that a smaller limit's are among a larger one's; then those of
    /// the shard. They are run, and stand in the lines, in the order of the task, not in that of the shuffle.
    /// </summary>
    /// <param name="items">All items of the task.</param>
    /// <param name="limit">N; null, or more than there are: all.</param>
    /// <param name="shard">Which part of the task.</param>
    /// <param name="order">What shards are cut by, from the place of an item; null: the place itself.</param>
    /// <exception cref="UsageException">The limit is below 1.</exception>
    public static IReadOnlyList<SelectedItem<T>> Of<T>(IReadOnlyList<T> items, int? limit = null, Shard shard = default, Func<int, int>? order = null)
    {
        if (limit < 1) throw new UsageException($"--limit {limit}: it must be a whole number of at least 1");
        IEnumerable<int> places = Enumerable.Range(0, items.Count);
        if (limit < items.Count)
        {
            var shuffled = places.ToArray();
            new PyRandom(0).Shuffle(shuffled);
            places = shuffled.Take(limit.Value).Order();
        }
        return [.. places.Where(place => shard.Has(order?.Invoke(place) ?? place)).Select(place => new SelectedItem<T>(place, items[place]))];
    }
}
