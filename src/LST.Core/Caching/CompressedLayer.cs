using static TorchSharp.torch;

namespace LST.Core.Caching;

/// <summary>
/// The compressed prefix of one layer, packed and ragged: the slots of head h of sample b are rows
/// from <c>Offsets[b·H_kv + h]</c> on of <see cref="Keys"/> and <see cref="Values"/>, as many as <see cref="Length"/>. A layer that grows has spare
/// rows behind each head; else heads follow each other without gaps. Owns its tensors. Slots are in ascending order of position.
/// </summary>
public sealed partial class CompressedLayer : IDisposable
{
    private int[] offsets;
    private int[] lengths;
    private int[] positions;
    private (Tensor Keys, Tensor Values, Tensor? Mask)? padded;

    /// <summary>Takes over the tensors and checks every shape.</summary>
    /// <param name="batch">B.</param>
    /// <param name="keyValueHeads">H_kv.</param>
    /// <param name="keys">Post-RoPE keys [Σ lengths, D].</param>
    /// <param name="values">Values [Σ lengths, D].</param>
    /// <param name="offsets">[B·H_kv + 1], ascending from 0 to Σ lengths.</param>
    /// <param name="positions">RoPE position of each slot's key [Σ lengths].</param>
    /// <param name="bias">Log-mass added to the logit of a slot, float32 [Σ lengths]; null: all zero. Zeros that no gradient runs through are dropped.</param>
    /// <param name="counts">Tokens that a slot stands for, float32 [Σ lengths]; null: one each. Bookkeeping, not storage.</param>
    /// <param name="positionsShared">All heads of a sample keep the same positions, so that one list a sample is stored.</param>
    /// <exception cref="ArgumentException">A shape or an offset does not fit.</exception>
    public CompressedLayer(int batch, int keyValueHeads, Tensor keys, Tensor values, int[] offsets, int[] positions,
        Tensor? bias = null, float[]? counts = null, bool positionsShared = false)
    {
        (Batch, KeyValueHeads, Keys, Values, Counts, PositionsShared) = (batch, keyValueHeads, keys, values, counts, positionsShared);
        (this.offsets, this.positions) = (offsets, positions);
        var slots = offsets.Length == 0 ? -1 : offsets[^1];
        if (offsets.Length != batch * keyValueHeads + 1 || offsets[0] != 0)
            throw new ArgumentException($"offsets: expected {batch * keyValueHeads + 1} entries from 0, got {offsets.Length}");
        for (var i = 1; i < offsets.Length; i++)
            if (offsets[i] < offsets[i - 1]) throw new ArgumentException($"offsets must ascend, entry {i} is {offsets[i]} after {offsets[i - 1]}");
        if (keys.dim() != 2 || keys.shape[0] != slots || !keys.shape.SequenceEqual(values.shape))
            throw new ArgumentException($"keys, values: expected [{slots}, D], got [{string.Join(", ", keys.shape)}] and [{string.Join(", ", values.shape)}]");
        if (positions.Length != slots) throw new ArgumentException($"positions: expected {slots}, got {positions.Length}");
        if (bias is not null && (bias.dim() != 1 || bias.shape[0] != slots || bias.dtype != float32))
            throw new ArgumentException($"bias: expected float32 [{slots}], got {bias.dtype} [{string.Join(", ", bias.shape)}]");
        if (counts is not null && counts.Length != slots) throw new ArgumentException($"counts: expected {slots}, got {counts.Length}");
        lengths = [.. offsets.Skip(1).Select((end, i) => end - offsets[i])];
        Bias = WithoutZeros(bias);
    }

    /// <summary>B.</summary>
    public int Batch { get; }

    /// <summary>H_kv.</summary>
    public int KeyValueHeads { get; }

    /// <summary>Post-RoPE keys [rows, D].</summary>
    public Tensor Keys { get; private set; }

    /// <summary>Values [rows, D].</summary>
    public Tensor Values { get; private set; }

    /// <summary>float32 [rows], or null when all are zero.</summary>
    public Tensor? Bias { get; private set; }

    /// <summary>Tokens that the slot of each row stands for [rows]; null: one each.</summary>
    public float[]? Counts { get; private set; }

    /// <summary>Whether the heads of a sample keep the same positions.</summary>
    public bool PositionsShared { get; private set; }

    /// <summary>
    /// What the method remembers of each slot for going on while tokens arrive, float32 [Σ lengths, 2]: attention that the slot's token got, summed over the prompt's
    /// queries, and the number of queries that saw it; null: nothing. No decode step reads it.
    /// </summary>
    public Tensor? State { get; private set; }

    /// <summary>First row of each head, and the number of rows [B·H_kv + 1].</summary>
    public ReadOnlySpan<int> Offsets => offsets;

    /// <summary>RoPE position of the slot's key in each row [rows].</summary>
    public ReadOnlySpan<int> Positions => positions;

    /// <summary>Σ lengths.</summary>
    public int Slots => lengths.Sum();

    /// <summary>Slots of one head of one sample.</summary>
    public int Length(int sample, int head) => lengths[sample * KeyValueHeads + head];

    /// <summary>Longest head over all samples.</summary>
    public int LongestLength => lengths.Max();

    /// <summary>Whether all heads of all samples hold the same number of slots.</summary>
    public bool IsUniform => lengths.AsSpan().IndexOfAnyExcept(lengths[0]) < 0;

    /// <summary>
    /// Bytes that a decode step reads: keys, values, bias if any is non-zero, and an int32 position a slot (one list a sample where heads share it).
    /// Spare rows count as well.
    /// </summary>
    public long Bytes => Enumerable.Range(0, Batch).Sum(BytesOf);

    /// <summary>As <see cref="Bytes"/>, of one sample.</summary>
    public long BytesOf(int sample)
    {
        var first = sample * KeyValueHeads;
        long rows = offsets[first + KeyValueHeads] - offsets[first];
        long listed = PositionsShared ? offsets[first + 1] - offsets[first] : rows;
        return 2 * rows * Keys.shape[1] * (Keys.dtype == float32 ? 4 : 2) + (Bias is null ? 0 : 4 * rows) + 4 * listed;
    }

    /// <summary>
    /// The padded view for library attention: keys and values [B, H_kv, n_max, D] and an additive float32 mask [B, H_kv, n_max]
    /// (bias, −inf on padding) or null when there is neither. Made once; without copies when all heads are equally long. Valid until the layer grows; not to be disposed.
    /// </summary>
    public (Tensor Keys, Tensor Values, Tensor? Mask) Padded()
    {
        if (padded is { } made) return made;
        using var scope = NewDisposeScope();
        var view = IsUniform && IsEvenlySpaced ? Even() : PadRagged();
        view.Item1.DetachFromDisposeScope();
        view.Item2.DetachFromDisposeScope();
        view.Item3?.DetachFromDisposeScope();
        padded = view;
        return view;
    }

    /// <summary>Joins single samples into one batch; the parts are disposed.</summary>
    public static CompressedLayer Join(IReadOnlyList<CompressedLayer> samples)
    {
        if (samples.Count == 1) return samples[0].Detached();
        using var scope = NewDisposeScope();
        var heads = samples[0].KeyValueHeads;
        List<int> joined = [0];
        foreach (var sample in samples)
            for (var i = 1; i < sample.offsets.Length; i++) joined.Add(joined[^1] + sample.offsets[i] - sample.offsets[i - 1]);
        var anyBias = samples.Any(s => s.Bias is not null);
        var result = new CompressedLayer(samples.Sum(s => s.Batch), heads,
            cat([.. samples.Select(s => s.Keys)]), cat([.. samples.Select(s => s.Values)]), [.. joined], [.. samples.SelectMany(s => s.positions)],
            anyBias ? cat([.. samples.Select(s => s.Bias ?? zeros(s.offsets[^1], float32, s.Keys.device))]) : null,
            samples.Any(s => s.Counts is not null) ? [.. samples.SelectMany(s => s.Counts ?? Enumerable.Repeat(1f, s.offsets[^1]))] : null,
            samples.All(s => s.PositionsShared)).Detached();
        result.lengths = [.. samples.SelectMany(s => s.lengths)];
        if (samples.All(s => s.State is not null)) result.State = cat([.. samples.Select(s => s.State!)]).DetachFromDisposeScope();
        foreach (var sample in samples) sample.Dispose();
        return result;
    }

    /// <summary>Gives the slots what is remembered of them (<see cref="State"/>), which becomes the layer's.</summary>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public CompressedLayer With(Tensor state)
    {
        if (state.dtype != float32 || !state.shape.SequenceEqual(new long[] { offsets[^1], 2 }))
            throw new ArgumentException($"state: expected float32 [{offsets[^1]}, 2], got {state.dtype} [{string.Join(", ", state.shape)}]");
        State?.Dispose();
        State = state.DetachFromDisposeScope();
        return this;
    }

    /// <summary>Takes the tensors out of the current dispose scope, so that the layer outlives it.</summary>
    public CompressedLayer Detached()
    {
        Keys.DetachFromDisposeScope();
        Values.DetachFromDisposeScope();
        Bias?.DetachFromDisposeScope();
        return this;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ForgetPadded();
        Keys.Dispose();
        Values.Dispose();
        Bias?.Dispose();
        State?.Dispose();
    }

    // Zeros would be stored, counted and read for nothing. A bias that is being learned may start at zero: it stays.
    private static Tensor? WithoutZeros(Tensor? bias)
    {
        if (bias is null || bias.requires_grad) return bias;
        using var nonZeros = bias.count_nonzero();
        if (nonZeros.item<long>() > 0) return bias;
        bias.Dispose();
        return null;
    }

    private bool IsEvenlySpaced
    {
        get
        {
            for (var i = 1; i < offsets.Length; i++) if (offsets[i] - offsets[i - 1] != offsets[1]) return false;
            return true;
        }
    }

    private void ForgetPadded()
    {
        if (padded is not { } made) return;
        made.Keys.Dispose();
        made.Values.Dispose();
        made.Mask?.Dispose();
        padded = null;
    }

    private (Tensor Keys, Tensor Values, Tensor? Mask) Even()
    {
        Tensor Rows(Tensor packed) => packed.view(Batch, KeyValueHeads, offsets[1], Keys.shape[1]).narrow(2, 0, lengths[0]);
        return (Rows(Keys), Rows(Values), Bias?.view(Batch, KeyValueHeads, offsets[1]).narrow(2, 0, lengths[0]));
    }

    private (Tensor Keys, Tensor Values, Tensor? Mask) PadRagged()
    {
        var longest = LongestLength;
        var rows = new long[Batch * KeyValueHeads * longest];
        var mask = new float[rows.Length];
        for (var i = 0; i < Batch * KeyValueHeads; i++)
        {
            var length = lengths[i];
            for (var slot = 0; slot < longest; slot++)
            {
                // Padding repeats some real row (its content must not matter) and is masked by −inf.
                rows[i * longest + slot] = slot < length ? offsets[i] + slot : Math.Max(0, offsets[i] + length - 1);
                mask[i * longest + slot] = slot < length ? 0f : float.NegativeInfinity;
            }
        }
        var index = tensor(rows, device: Keys.device);
        var padding = tensor(mask, Batch, KeyValueHeads, longest).to(Keys.device);
        var shape = new long[] { Batch, KeyValueHeads, longest, Keys.shape[1] };
        return (Keys.index_select(0, index).view(shape), Values.index_select(0, index).view(shape),
            Bias is null ? padding : padding + Bias.index_select(0, index).view(Batch, KeyValueHeads, longest));
    }
}
