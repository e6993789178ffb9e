using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Core.Sidecar;

/// <summary>The slots of a layer, head after head and ascending by position: tokens that stay, and means of runs of tokens. Filled in that order, then read.</summary>
internal ref struct ChosenSlots
{
    private readonly int tokens;

    // Of each slot its row in [H_kv·T] (0 where a mean goes); of each merged token its row, and which mean; of each mean its slot.
    private readonly Tensor rows, merged, means, places;
    private readonly Span<long> rowOf, mergedRow, meanOf, placeOf;
    private int mergedCount, meanCount, head;

    /// <summary>Room for the slots; tensors belong to the current dispose scope.</summary>
    /// <param name="tokens">T.</param>
    /// <param name="slots">Of all heads.</param>
    /// <param name="means">How many of them are means.</param>
    /// <param name="merged">How many tokens go into means.</param>
    public ChosenSlots(int tokens, int slots, int means, int merged)
    {
        this.tokens = tokens;
        (rows, places, this.merged, this.means) = (empty(slots, int64), empty(means, int64), empty(merged, int64), empty(merged, int64));
        rowOf = rows.Span<long>();
        placeOf = places.Span<long>();
        mergedRow = this.merged.Span<long>();
        meanOf = this.means.Span<long>();
        (Positions, Counts) = (new int[slots], new float[slots]);
    }

    /// <summary>Slots so far.</summary>
    public int Count { get; private set; }

    /// <summary>Position of each slot.</summary>
    public int[] Positions { get; }

    /// <summary>Tokens that each slot stands for.</summary>
    public float[] Counts { get; }

    /// <summary>What follows is of this head.</summary>
    public void BeginHead(int index) => head = index;

    /// <summary>Tokens that stay.</summary>
    public void Keep(int first, int count)
    {
        for (var j = first; j < first + count; j++) Add((long)head * tokens + j, j, 1);
    }

    /// <summary>Of tokens that follow each other some stay; the others become, in order, the means of runs whose sizes differ by at most one, each at the position of its middle token.</summary>
    /// <param name="first">First token.</param>
    /// <param name="length">How many tokens.</param>
    /// <param name="kept">Those that stay, ascending from 0.</param>
    /// <param name="runs">Runs of the others; 0: they are dropped.</param>
    public void Choose(int first, int length, ReadOnlySpan<int> kept, int runs)
    {
        var (others, next, other, run, firstMean) = (length - kept.Length, 0, 0, 0, meanCount);
        for (var j = 0; j < length; j++)
        {
            if (next < kept.Length && kept[next] == j)
            {
                next++;
                Keep(first + j, 1);
            }
            else if (runs > 0)
            {
                while (other >= Start(run + 1)) run++;
                var (from, to) = (Start(run), Start(run + 1));
                mergedRow[mergedCount] = (long)head * tokens + first + j;
                meanOf[mergedCount++] = firstMean + run;
                if (other == (from + to - 1) / 2)
                {
                    placeOf[meanCount++] = Count;
                    Add(0, first + j, to - from);
                }
                other++;
            }
        }

        int Start(int g) => (int)((long)g * others / runs);
    }

    /// <summary>Means [means, D] float32 of dense rows [H_kv, T, D]; null where nothing is merged.</summary>
    public readonly Tensor? Means(Tensor dense)
    {
        if (meanCount == 0) return null;
        var (headDim, device) = (dense.shape[2], dense.device);
        var gathered = dense.reshape(-1, headDim).index_select(0, merged.to(device)).to(float32);
        var sums = zeros(meanCount, headDim, float32, device).index_add_(0, means.to(device), gathered, 1);
        return sums.div_(tensor(Counts).index_select(0, places).unsqueeze(1).to(device));
    }

    /// <summary>Positions of the means [means].</summary>
    public readonly long[] MergedPositions()
    {
        var found = new long[meanCount];
        for (var g = 0; g < found.Length; g++) found[g] = Positions[placeOf[g]];
        return found;
    }

    /// <summary>Dense rows [H_kv, T, D] and the means of them, slot after slot [slots, D] in the dtype of the rows.</summary>
    public readonly Tensor Pack(Tensor dense, Tensor? made)
    {
        var packed = dense.reshape(-1, dense.shape[2]).index_select(0, rows.to(dense.device));
        return made is null ? packed : packed.index_copy_(0, places.to(dense.device), made.to(dense.dtype));
    }

    /// <summary>What each slot of a head is made of, from one slot to another.</summary>
    /// <param name="from">First slot of the head.</param>
    /// <param name="to">Behind its last.</param>
    /// <param name="sinks">First tokens kept in any case.</param>
    /// <param name="recent">Last tokens kept in any case.</param>
    public readonly SlotOrigin[] Origins(int from, int to, int sinks, int recent)
    {
        var members = new List<int>?[to - from];
        for (var k = 0; k < mergedCount; k++)
            if (placeOf[(int)meanOf[k]] is var place && place >= from && place < to) (members[place - from] ??= []).Add((int)(mergedRow[k] % tokens));
        var origins = new SlotOrigin[members.Length];
        for (var i = 0; i < origins.Length; i++)
            origins[i] = members[i] is { } merged ? SlotOrigin.Mean(merged) : SlotOrigin.Of(Positions[from + i], tokens, sinks, recent);
        return origins;
    }

    /// <summary>Logarithm of what each slot stands for [slots] float32; null where nothing is merged.</summary>
    public readonly Tensor? LogMass(Device device) => meanCount == 0 ? null : tensor(Counts).log().to(device);

    private void Add(long row, int position, float count)
    {
        (rowOf[Count], Positions[Count], Counts[Count]) = (row, position, count);
        Count++;
    }
}
