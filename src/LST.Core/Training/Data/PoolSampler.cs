namespace LST.Core.Training.Data;

/// <summary>
/// Steps over a finite pool of N sequences, whose prefixes a trainer can then keep prefilled: every epoch takes each index once, in an order of its own.
/// What a step takes is a function of (size, seed, step, batch) alone. Safe for concurrent use.
/// </summary>
public sealed class PoolSampler
{
    private readonly SplittableRandom _random;
    private Epoch? _latest;

    /// <summary>A pool of the indices 0 … <paramref name="size"/> − 1.</summary>
    /// <exception cref="UsageException">The pool is empty.</exception>
    public PoolSampler(int size, long seed)
    {
        if (size < 1) throw new UsageException($"pool of training sequences: the size must be at least 1, but it is {size}; give a positive number.");
        Size = size;
        _random = new SplittableRandom((ulong)seed).Split("pool");
    }

    /// <summary>N: number of sequences in the pool.</summary>
    public int Size { get; }

    /// <summary>The epoch, from 0, in which a step begins.</summary>
    public long EpochOf(long step, int batch) => First(step, batch) / Size;

    /// <summary>
    /// [batch] indices into the pool that a step takes; a step over the end of an epoch goes on with the next one and may then name an index twice.
    /// </summary>
    /// <param name="step">Number of the step, from 0.</param>
    /// <param name="batch">Sequences a step; the same for all steps.</param>
    public int[] IndicesOf(long step, int batch)
    {
        var first = First(step, batch);
        var indices = new int[batch];
        for (var i = 0; i < batch; i++) indices[i] = OrderOf((first + i) / Size)[(first + i) % Size];
        return indices;
    }

    /// <summary>[N] the order of one epoch.</summary>
    internal int[] OrderOf(long epoch)
    {
        // The latest order is kept because consecutive steps share it; the reference is swapped whole, so threads cannot mix two.
        if (_latest is { } latest && latest.Number == epoch) return latest.Order;
        var order = Enumerable.Range(0, Size).ToArray();
        _random.Split((ulong)epoch).Shuffle(order.AsSpan());
        _latest = new Epoch(epoch, order);
        return order;
    }

    private static long First(long step, int batch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        return checked(step * batch);
    }

    private sealed record Epoch(long Number, int[] Order);
}
