using static TorchSharp.torch;

namespace LST.Core.Caching;

/// <summary>
/// Uncompressed keys and values of one layer, appended in preallocated blocks of [B, H_kv, block, D]: a step writes in place,
/// nothing that exists is copied when the tail grows.
/// </summary>
public sealed class DenseTail(int batch, int keyValueHeads, int headDim, ScalarType dtype, Device device, int blockTokens) : IDisposable
{
    private readonly List<(Tensor Keys, Tensor Values)> blocks = [];

    /// <summary>Tokens held.</summary>
    public int Length { get; private set; }

    /// <summary>Tokens a block.</summary>
    public int BlockTokens => blockTokens;

    /// <summary>The blocks in order; block i holds tokens i·block … ; the last one is partly filled.</summary>
    public IReadOnlyList<(Tensor Keys, Tensor Values)> Blocks => blocks;

    /// <summary>Bytes of all allocated blocks.</summary>
    public long Bytes => blocks.Count * 2L * batch * keyValueHeads * blockTokens * headDim * (dtype == float32 ? 4 : 2);

    /// <summary>Copies keys and values [B, H_kv, T, D] behind what is there.</summary>
    public void Append(Tensor keys, Tensor values)
    {
        using var scope = NewDisposeScope();
        var tokens = (int)keys.shape[2];
        for (var done = 0; done < tokens;)
        {
            var (block, at) = Reserve();
            var count = Math.Min(tokens - done, blockTokens - at);
            block.Keys.narrow(2, at, count).copy_(keys.narrow(2, done, count));
            block.Values.narrow(2, at, count).copy_(values.narrow(2, done, count));
            Length += count;
            done += count;
        }
    }

    /// <summary>Counts one token a sample as held; its rows are written by the caller into the block that <see cref="Reserve"/> gave.</summary>
    public void Advance() => Length++;

    /// <summary>The block that takes the next token, allocated if need be, and the row in it.</summary>
    public ((Tensor Keys, Tensor Values) Block, int Row) Reserve()
    {
        if (Length == blocks.Count * blockTokens)
        {
            var shape = new long[] { batch, keyValueHeads, blockTokens, headDim };
            blocks.Add((empty(shape, dtype, device).DetachFromDisposeScope(), empty(shape, dtype, device).DetachFromDisposeScope()));
        }
        return (blocks[Length / blockTokens], Length % blockTokens);
    }

    /// <summary>Keys and values [B, H_kv, Length, D]: a view while one block suffices, else joined for this call. Belongs to the current dispose scope.</summary>
    public (Tensor Keys, Tensor Values) Joined()
    {
        if (Length == 0)
        {
            var none = new long[] { batch, keyValueHeads, 0, headDim };
            return (empty(none, dtype, device), empty(none, dtype, device));
        }
        if (blocks.Count == 1) return (blocks[0].Keys.narrow(2, 0, Length), blocks[0].Values.narrow(2, 0, Length));
        var parts = blocks.Select((block, i) => (block, count: Math.Min(blockTokens, Length - i * blockTokens))).Where(p => p.count > 0).ToList();
        return (cat([.. parts.Select(p => p.block.Keys.narrow(2, 0, p.count))], 2), cat([.. parts.Select(p => p.block.Values.narrow(2, 0, p.count))], 2));
    }

    /// <summary>Forgets the tokens behind <paramref name="length"/>; blocks stay allocated for reuse.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        Length = length;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (keys, values) in blocks)
        {
            keys.Dispose();
            values.Dispose();
        }
        blocks.Clear();
        Length = 0;
    }
}
