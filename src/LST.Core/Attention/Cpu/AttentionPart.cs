using System.Runtime.CompilerServices;
using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Attention.Cpu;

/// <summary>
/// One piece of a head's slots for all query rows of its group, as a running softmax: largest logit m, Σ exp(s − m), Σ exp(s − m)·v per query row.
/// </summary>
internal static unsafe class AttentionPart<TElement, TLanes, TVector>
    where TElement : struct, IElement
    where TLanes : struct, IVectorLanes<TVector>
    where TVector : struct
{
    /// <summary>Slots whose logits are computed before their values are summed: keys and values of a tile stay in the first-level cache.</summary>
    public const int TileSlots = 64;

    /// <summary>How far ahead of the dot products the keys are prefetched, in bytes.</summary>
    private const int PrefetchBytes = 2048;

    /// <summary>Floats of a worker's scratch: scaled queries [G, D], logits [G, tile], decays [G].</summary>
    public static int ScratchFloats(int groupSize, int headDim) => groupSize * (headDim + TileSlots + 1);

    /// <summary>Runs one work item; the signature is that of a pool's part.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(void* argument, int part, int worker)
    {
        var job = (AttentionJob*)argument;
        var item = job->Items[part];
        int group = job->GroupSize, headDim = job->HeadDim;
        var state = new State
        {
            Queries = job->Scratch + (nint)worker * job->ScratchStride,
            Running = item.Running, Accumulators = item.Accumulators, Group = group, HeadDim = headDim,
        };
        state.Logits = state.Queries + (nint)group * headDim;
        state.Decay = state.Logits + (nint)group * TileSlots;

        var queries = job->Queries + (nint)item.Head * group * headDim;
        for (nint i = 0; i < (nint)group * headDim; i++) state.Queries[i] = queries[i] * job->Scale;
        new Span<float>(state.Accumulators, group * headDim).Clear();
        for (var g = 0; g < group; g++) state.Running[g] = new RunningSoftmax { Max = float.NegativeInfinity };

        VisitSegments(job, item, ref state);
        if (item.IsWhole) Normalise(ref state);
    }

    /// <summary>Slots item.From … item.To − 1 of the head, counted over its segments, without the hidden ones.</summary>
    private static void VisitSegments(AttentionJob* job, in WorkItem item, ref State state)
    {
        var oldest = job->OldestVisible[item.Head / job->KeyValueHeads];
        var before = 0;
        foreach (ref readonly var segment in new ReadOnlySpan<KvSegment>(item.Segments, item.SegmentCount))
        {
            int from = Math.Max(0, item.From - before), to = Math.Min(segment.Length, item.To - before);
            before += segment.Length;
            while (from < to)
            {
                from = segment.NextVisible(from, to, oldest);
                var end = from < to ? segment.NextHidden(from, to, oldest) : to;
                for (; from < end; from += TileSlots) Tile(segment, from, Math.Min(TileSlots, end - from), ref state);
                from = end;
            }
        }
    }

    private static void Tile(in KvSegment segment, int from, int slots, ref State state)
    {
        var rowBytes = (nint)state.HeadDim * TElement.Size;
        ComputeLogits(segment.Keys + from * rowBytes, rowBytes, segment.Bias is null ? null : segment.Bias + from, slots, ref state);
        for (var g = 0; g < state.Group; g++)
        {
            var logits = state.Logits + (nint)g * TileSlots;
            ref var running = ref state.Running[g];
            var max = MathF.Max(running.Max, Logits.Max<TLanes, TVector>(logits, slots));
            if (float.IsNegativeInfinity(max))
            {
                // Every slot so far has logit −∞: none has any weight, and −∞ − (−∞) must not be computed.
                new Span<float>(logits, slots).Clear();
                state.Decay[g] = 1f;
                continue;
            }

            var decay = Exponential.Exp<LanesScalar, float>(running.Max - max);
            running.Sum = running.Sum * decay + Logits.SumOfExponentials<TLanes, TVector>(logits, slots, max, target: logits);
            running.Max = max;
            state.Decay[g] = decay;
        }

        WeightedSum<TElement, TLanes, TVector>.Add(
            segment.Values + from * rowBytes, slots, state.HeadDim, state.Logits, TileSlots, state.Decay, state.Accumulators, state.Group);
    }

    /// <summary>logits[g, j] = q[g] · k[j] / √D + bias[j]; the queries are scaled already.</summary>
    private static void ComputeLogits(byte* keys, nint rowBytes, float* bias, int slots, ref State state)
    {
        var sums = stackalloc float[16];
        int rows, wide;
        for (var j = 0; j < slots; j += rows)
        {
            rows = state.Group == 1 && slots - j >= 8 ? 8 : slots - j >= 4 ? 4 : 1;
            var k = keys + j * rowBytes;
            for (var g = 0; g < state.Group; g += wide)
            {
                wide = RowDot<TElement, TLanes, TVector>.Block(
                    k, rowBytes, rows, state.Queries + (nint)g * state.HeadDim, state.Group - g, state.HeadDim, new PrefetchAhead(k + PrefetchBytes, CacheLevel.First), sums);
                for (var r = 0; r < rows; r++)
                {
                    var offset = bias is null ? 0f : bias[j + r];
                    for (var b = 0; b < wide; b++) state.Logits[(nint)(g + b) * TileSlots + j + r] = sums[r * wide + b] + offset;
                }
            }
        }
    }

    private static void Normalise(ref State state)
    {
        for (var g = 0; g < state.Group; g++)
        {
            var row = new Span<float>(state.Accumulators + (nint)g * state.HeadDim, state.HeadDim);
            var sum = state.Running[g].Sum;
            if (sum == 0f) row.Clear();
            else foreach (ref var value in row) value /= sum;
        }
    }

    private ref struct State
    {
        public float* Queries;
        public float* Logits;
        public float* Decay;
        public float* Accumulators;
        public RunningSoftmax* Running;
        public int Group;
        public int HeadDim;
    }
}
