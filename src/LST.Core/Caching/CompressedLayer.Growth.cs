using static TorchSharp.torch;

namespace LST.Core.Caching;

/// <summary>How a layer grows while tokens arrive: rows are spared behind each head, so that slots are written in place and seldom moved.</summary>
public sealed partial class CompressedLayer
{
    // Spare rows of a head that grows: a sixteenth of its slots, at least this many. They are allocated, so that they are counted.
    private const int LeastSpare = 4, SpareShare = 16;

    private bool isGrowing;

    /// <summary>Counts changes, for those who keep what they read.</summary>
    internal int Version { get; private set; }

    /// <summary>A layer without slots, which grows.</summary>
    /// <param name="batch">B.</param>
    /// <param name="keyValueHeads">H_kv.</param>
    /// <param name="headDim">D.</param>
    /// <param name="dtype">Storage type.</param>
    /// <param name="device">Where it lies.</param>
    public static CompressedLayer Empty(int batch, int keyValueHeads, int headDim, ScalarType dtype, Device device)
    {
        using var scope = NewDisposeScope();
        var none = new long[] { 0, headDim };
        return new CompressedLayer(batch, keyValueHeads, zeros(none, dtype, device), zeros(none, dtype, device), new int[batch * keyValueHeads + 1], [], positionsShared: true).Detached();
    }

    /// <summary>Writes as many slots behind those of every head. Rows move only when a head has no spare row left.</summary>
    /// <param name="keys">Post-RoPE keys [B·H_kv, added, D].</param>
    /// <param name="values">Values, like the keys.</param>
    /// <param name="bias">float32 [B·H_kv, added], or null: zeros.</param>
    /// <param name="addedPositions">[B][added], the same in all heads of a sample.</param>
    /// <param name="addedCounts">Tokens that each slot stands for [added].</param>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public void Append(Tensor keys, Tensor values, Tensor? bias, IReadOnlyList<int[]> addedPositions, float[] addedCounts)
    {
        var (heads, added, width) = (lengths.Length, addedCounts.Length, Keys.shape[1]);
        long[] expected = [heads, added, width];
        if (!keys.shape.SequenceEqual(expected) || !values.shape.SequenceEqual(expected))
            throw new ArgumentException($"keys, values: expected [{string.Join(", ", expected)}], got [{string.Join(", ", keys.shape)}] and [{string.Join(", ", values.shape)}]");
        if (bias is not null && (bias.dtype != float32 || !bias.shape.SequenceEqual(expected[..2])))
            throw new ArgumentException($"bias: expected float32 [{heads}, {added}], got {bias.dtype} [{string.Join(", ", bias.shape)}]");
        if (addedPositions.Count != Batch || addedPositions.Any(list => list.Length != added))
            throw new ArgumentException($"positions: expected {Batch} lists of {added}");
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        ForgetPadded();
        Reserve(added);
        var rows = new long[heads * added];
        for (var i = 0; i < heads; i++)
            for (var a = 0; a < added; a++)
            {
                var row = offsets[i] + lengths[i] + a;
                (rows[i * added + a], positions[row], Counts![row]) = (row, addedPositions[i / KeyValueHeads][a], addedCounts[a]);
            }
        var index = tensor(rows, device: Keys.device);
        Keys.index_copy_(0, index, keys.reshape(-1, width).to(Keys.dtype));
        Values.index_copy_(0, index, values.reshape(-1, width).to(Values.dtype));
        if (Bias is null && bias is not null && bias.count_nonzero().item<long>() > 0)
            Bias = zeros(offsets[^1], float32, Keys.device).DetachFromDisposeScope();
        Bias?.index_copy_(0, index, bias is null ? zeros(rows.Length, float32, Keys.device) : bias.reshape(-1));
        for (var i = 0; i < heads; i++) lengths[i] += added;
        Version++;
    }

    /// <summary>Keeps some slots of every head and moves them together; the rows of the others become spare ones.</summary>
    /// <param name="kept">[B·H_kv][slots], ascending from 0 within the head.</param>
    public void Retain(IReadOnlyList<int[]> kept)
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        ForgetPadded();
        Own();
        // Rows before the first slot that goes stay where they are.
        List<long> from = [], to = [];
        for (var i = 0; i < lengths.Length; i++)
        {
            for (var slot = 0; slot < kept[i].Length; slot++)
            {
                if (kept[i][slot] == slot) continue;
                var (source, target) = (offsets[i] + kept[i][slot], offsets[i] + slot);
                from.Add(source);
                to.Add(target);
                (positions[target], Counts![target]) = (positions[source], Counts[source]);
            }
            lengths[i] = kept[i].Length;
        }
        if (from.Count > 0)
        {
            var (sources, targets) = (tensor([.. from], device: Keys.device), tensor([.. to], device: Keys.device));
            Keys.index_copy_(0, targets, Keys.index_select(0, sources));
            Values.index_copy_(0, targets, Values.index_select(0, sources));
            Bias?.index_copy_(0, targets, Bias.index_select(0, sources));
        }
        PositionsShared = Enumerable.Range(0, lengths.Length).All(i => PositionsOf(i).SequenceEqual(PositionsOf(i / KeyValueHeads * KeyValueHeads)));
        Version++;
    }

    /// <summary>Puts keys in place of those of the first slots of every head of a sample, at other positions.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="keys">Post-RoPE keys [H_kv, count, D].</param>
    /// <param name="newPositions">Their positions [count], the same in all heads.</param>
    internal void ReplaceFirstKeys(int sample, Tensor keys, IReadOnlyList<int> newPositions)
    {
        using var scope = NewDisposeScope();
        ForgetPadded();
        Own();
        var rows = new long[KeyValueHeads * newPositions.Count];
        for (var h = 0; h < KeyValueHeads; h++)
            for (var j = 0; j < newPositions.Count; j++)
            {
                var row = offsets[(sample * KeyValueHeads) + h] + j;
                (rows[(h * newPositions.Count) + j], positions[row]) = (row, newPositions[j]);
            }
        Keys.index_copy_(0, tensor(rows, device: Keys.device), keys.reshape(-1, keys.shape[2]).to(Keys.dtype));
        Version++;
    }

    /// <summary>Changes the values of one list of slots, i = sample·H_kv + head: rows [slots · D] in float32, rounded once to the layer's type.</summary>
    internal void ChangeValues(int list, RowChange change)
    {
        using var scope = NewDisposeScope();
        ForgetPadded();
        var held = Values.narrow(0, offsets[list], lengths[list]);
        // Where the layer lies on the CPU in float32 these are its own rows.
        var rows = held.to(float32).cpu().contiguous();
        change(rows.Span<float>(), (int)rows.shape[1]);
        held.copy_(rows);
        Version++;
    }

    /// <summary>Tokens that the slots of one list stand for, to be changed.</summary>
    internal Span<float> CountsOf(int list)
    {
        Own();
        return Counts.AsSpan(offsets[list], lengths[list]);
    }

    /// <summary>Positions of one list of slots, i = sample·H_kv + head.</summary>
    internal ReadOnlySpan<int> PositionsOf(int list) => positions.AsSpan(offsets[list], lengths[list]);

    /// <summary>Forgets the last slots of every head; their rows become spare ones.</summary>
    /// <param name="count">Slots, at most those of the shortest head.</param>
    public void DropLast(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, lengths.Min());
        ForgetPadded();
        for (var i = 0; i < lengths.Length; i++) lengths[i] -= count;
        Version++;
    }

    /// <summary>Slots at the end of every head of a sample that are single tokens in a row up to the last one.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="tokens">Its tokens, T.</param>
    internal int TrailingTokens(int sample, int tokens)
    {
        var fewest = int.MaxValue;
        for (var i = sample * KeyValueHeads; i < (sample + 1) * KeyValueHeads; i++)
        {
            var found = 0;
            for (var row = offsets[i] + lengths[i] - 1; row >= offsets[i] && positions[row] == tokens - 1 - found && (Counts is null || Counts[row] == 1); row--) found++;
            fewest = Math.Min(fewest, found);
        }
        return fewest;
    }

    // Other layers of the plan may hold the same lists.
    private void Own()
    {
        if (isGrowing) return;
        (positions, Counts, isGrowing) = ([.. positions], Counts is null ? [.. Enumerable.Repeat(1f, positions.Length)] : [.. Counts], true);
        State?.Dispose();
        State = null;
    }

    private void Reserve(int added)
    {
        Own();
        for (var i = 0; i < lengths.Length; i++)
            if (offsets[i] + lengths[i] + added > offsets[i + 1])
            {
                Move(added);
                return;
            }
    }

    // Every head gets its rows and spare ones in new storage.
    private void Move(int added)
    {
        var moved = new int[offsets.Length];
        for (var i = 0; i < lengths.Length; i++) moved[i + 1] = moved[i] + lengths[i] + added + Math.Max(LeastSpare, lengths[i] / SpareShare);
        Tensor Spread(Tensor rows)
        {
            using var scope = NewDisposeScope();
            var target = zeros([moved[^1], .. rows.shape[1..]], rows.dtype, rows.device);
            for (var i = 0; i < lengths.Length; i++)
                if (lengths[i] > 0) target.narrow(0, moved[i], lengths[i]).copy_(rows.narrow(0, offsets[i], lengths[i]));
            rows.Dispose();
            return target.DetachFromDisposeScope();
        }
        T[] SpreadList<T>(T[] list)
        {
            var target = new T[moved[^1]];
            for (var i = 0; i < lengths.Length; i++) Array.Copy(list, offsets[i], target, moved[i], lengths[i]);
            return target;
        }
        (Keys, Values, Bias) = (Spread(Keys), Spread(Values), Bias is null ? null : Spread(Bias));
        (positions, Counts, offsets) = (SpreadList(positions), SpreadList(Counts!), moved);
    }
}

/// <summary>Changes rows in place.</summary>
/// <param name="rows">[count · width].</param>
/// <param name="width">Numbers of a row.</param>
internal delegate void RowChange(Span<float> rows, int width);
