namespace LST.Core.Compression.Online.Evicting;

/// <summary>What is remembered of the slots of one head of one sample: how much attention each got, and from how many queries.</summary>
public sealed class SlotSums
{
    private float[] sums = [], counts = [];

    /// <summary>Slots.</summary>
    public int Length { get; private set; }

    /// <summary>Attention that each slot got, summed over queries, mean over the heads of a group unless the method reduces otherwise.</summary>
    public Span<float> Sums => sums.AsSpan(0, Length);

    /// <summary>Queries that could see each slot.</summary>
    public Span<float> Counts => counts.AsSpan(0, Length);

    /// <summary>Attention by query: sum / count.</summary>
    public float Average(int slot) => counts[slot] == 0 ? 0 : sums[slot] / counts[slot];

    /// <summary>Adds a slot at the end.</summary>
    public void Append(float sum, float count)
    {
        if (Length == sums.Length)
        {
            Array.Resize(ref sums, Math.Max(64, 2 * Length));
            Array.Resize(ref counts, sums.Length);
        }
        (sums[Length], counts[Length]) = (sum, count);
        Length++;
    }

    /// <summary>Keeps some slots, ascending.</summary>
    public void Retain(ReadOnlySpan<int> kept)
    {
        for (var i = 0; i < kept.Length; i++) (sums[i], counts[i]) = (sums[kept[i]], counts[kept[i]]);
        Length = kept.Length;
    }
}
