using static TorchSharp.torch;

namespace LST.Core.Caching;

/// <summary>
/// Uncompressed keys and values of one layer, appended in preallocated blocks of [B, H_kv, block, D]: a step writes in place,
/// nothing that exists is copied when the tail grows. Tokens leave at the front by moving its start; a block that became free is used again.
/// </summary>
public sealed class DenseTail(int batch, int keyValueHeads, int headDim, ScalarType dtype, Device device, int blockTokens) : IDisposable
{
    private readonly List<(Tensor Keys, Tensor Values)> blocks = [];

    /// <summary>Row of the first block that holds the first token; above 0 after tokens were dropped.</summary>
    public int FirstRow { get; private set; }

    /// <summary>Tokens held.</summary>
    public int Length { get; private set; }

    /// <summary>Tokens a block.</summary>
    public int BlockTokens => blockTokens;

    /// <summary>The blocks in order; token i lies in row <see cref="FirstRow"/> + i, counted over all blocks; the last one is partly filled.</summary>
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
        if (FirstRow + Length == blocks.Count * blockTokens)
        {
            if (blocks.Count == 1 && FirstRow > 0 && 2 * FirstRow >= Length) MoveToFront();
            else Allocate();
        }
        var row = FirstRow + Length;
        return (blocks[row / blockTokens], row % blockTokens);
    }

    /// <summary>Keys and values [B, H_kv, Length, D]: a view while one block suffices, else joined for this call. Belongs to the current dispose scope.</summary>
    public (Tensor Keys, Tensor Values) Joined()
    {
        if (Length == 0)
        {
            var none = new long[] { batch, keyValueHeads, 0, headDim };
            return (empty(none, dtype, device), empty(none, dtype, device));
        }
        return Joined(0, Length);
    }

    /// <summary>Keys and values [B, H_kv, count, D] of some tokens, at least one: a view where they lie in one block, else joined. Belongs to the current dispose scope.</summary>
    /// <param name="first">First token, from 0.</param>
    /// <param name="count">Tokens.</param>
    public (Tensor Keys, Tensor Values) Joined(int first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first + count, Length);
        List<Tensor> keys = [], values = [];
        for (var row = FirstRow + first; count > 0;)
        {
            var (block, at) = (blocks[row / blockTokens], row % blockTokens);
            var taken = Math.Min(count, blockTokens - at);
            keys.Add(block.Keys.narrow(2, at, taken));
            values.Add(block.Values.narrow(2, at, taken));
            (row, count) = (row + taken, count - taken);
        }
        return keys.Count == 1 ? (keys[0], values[0]) : (cat([.. keys], 2), cat([.. values], 2));
    }

    /// <summary>Forgets the first tokens. No row moves; blocks that became free wait for new tokens, more of them than can be used are given back.</summary>
    /// <param name="count">Tokens, at most <see cref="Length"/>.</param>
    public void DropFirst(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Length);
        (FirstRow, Length) = (FirstRow + count, Length - count);
        for (; FirstRow >= blockTokens; FirstRow -= blockTokens)
        {
            blocks.Add(blocks[0]);
            blocks.RemoveAt(0);
        }
        if (Length == 0) FirstRow = 0;
        // Where two thirds of a block suffice the rows move to its front now and then; else one free block takes turns.
        var used = (FirstRow + Length + blockTokens - 1) / blockTokens + (3L * Length > 2L * blockTokens ? 1 : 0);
        while (blocks.Count > Math.Max(1, used))
        {
            var (keys, values) = blocks[^1];
            blocks.RemoveAt(blocks.Count - 1);
            keys.Dispose();
            values.Dispose();
        }
    }

    /// <summary>Zeros [B, H_kv, tokens, D] like the rows of the tail, in the current dispose scope.</summary>
    internal Tensor NewRows(int tokens) => zeros([batch, keyValueHeads, tokens, headDim], dtype, device);

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
        (FirstRow, Length) = (0, 0);
    }

    private void Allocate()
    {
        var shape = new long[] { batch, keyValueHeads, blockTokens, headDim };
        blocks.Add((empty(shape, dtype, device).DetachFromDisposeScope(), empty(shape, dtype, device).DetachFromDisposeScope()));
    }

    // At least a third of the only block is free, so that each row moves twice for a row that comes, at most.
    private void MoveToFront()
    {
        using var scope = NewDisposeScope();
        var (keys, values) = blocks[0];
        // A copy between, where the rows would overlap themselves.
        Tensor Held(Tensor block) => FirstRow >= Length ? block.narrow(2, FirstRow, Length) : block.narrow(2, FirstRow, Length).clone();
        keys.narrow(2, 0, Length).copy_(Held(keys));
        values.narrow(2, 0, Length).copy_(Held(values));
        FirstRow = 0;
    }
}
