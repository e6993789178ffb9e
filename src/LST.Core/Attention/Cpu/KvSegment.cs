namespace LST.Core.Attention.Cpu;

/// <summary>
/// Slots of one sample and KV head that lie together in memory: the compressed ones of a layer, or a block of its dense tail.
/// The memory belongs to the cache; rows are [length, D] without gaps.
/// </summary>
/// <param name="keys">Keys [length, D].</param>
/// <param name="values">Values [length, D], stored like the keys.</param>
/// <param name="length">Number of slots.</param>
/// <param name="firstPosition">Position of the first slot in tokens; the next ones follow, unless <paramref name="positions"/> says otherwise.</param>
/// <param name="bias">float32 [length] added to a slot's logit; −∞ hides the slot; null: none.</param>
/// <param name="positions">int32 [length] positions in tokens, in any order; null: firstPosition, firstPosition + 1, …</param>
internal readonly unsafe struct KvSegment(void* keys, void* values, int length, int firstPosition, float* bias = null, int* positions = null)
{
    /// <summary>Keys [length, D].</summary>
    public readonly byte* Keys = (byte*)keys;

    /// <summary>Values [length, D].</summary>
    public readonly byte* Values = (byte*)values;

    /// <summary>float32 [length] or null.</summary>
    public readonly float* Bias = bias;

    /// <summary>int32 [length] or null.</summary>
    public readonly int* Positions = positions;

    /// <summary>Number of slots.</summary>
    public readonly int Length = length;

    /// <summary>Position of the first slot where <see cref="Positions"/> is null, in tokens.</summary>
    public readonly int FirstPosition = firstPosition;

    /// <summary>First visible slot at or after <paramref name="from"/>; <paramref name="to"/> if there is none. Visible: position ≥ oldest and bias not −∞.</summary>
    public int NextVisible(int from, int to, int oldest)
    {
        while (from < to)
        {
            var slot = from;
            if (Positions is null) slot = (int)Math.Max(slot, Math.Min(to, (long)oldest - FirstPosition));
            else if (oldest > int.MinValue) slot = Found(new ReadOnlySpan<int>(Positions + from, to - from).IndexOfAnyInRange(oldest, int.MaxValue), from, to);
            if (slot == to || Bias is null) return slot;
            from = Found(BiasBits(slot, to).IndexOfAnyExcept(NegativeInfinityBits), slot, to);
            if (from == slot) return slot;
        }

        return to;
    }

    /// <summary>First slot after the visible slot <paramref name="from"/> that is not visible; <paramref name="to"/> if there is none.</summary>
    public int NextHidden(int from, int to, int oldest)
    {
        if (Positions is not null && oldest > int.MinValue)
            to = Found(new ReadOnlySpan<int>(Positions + from, to - from).IndexOfAnyExceptInRange(oldest, int.MaxValue), from, to);
        if (Bias is not null) to = Found(BiasBits(from, to).IndexOf(NegativeInfinityBits), from, to);
        return to;
    }

    // As integers, because searches for floats are not vectorised.
    private const int NegativeInfinityBits = unchecked((int)0xFF800000);

    private ReadOnlySpan<int> BiasBits(int from, int to) => new(Bias + from, to - from);

    private static int Found(int index, int from, int to) => index < 0 ? to : from + index;
}
