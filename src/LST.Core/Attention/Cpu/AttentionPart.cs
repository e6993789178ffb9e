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
    /// <summary>Slots whose logits are computed before their values are summed; many, because the softmax between the two leaves the memory idle.</summary>
    public const int TileSlots = 256;

    /// <summary>Values that are prefetched before the softmax of a tile, in bytes.</summary>
    private const int PrefetchBytes = 8192;

    /// <summary>Floats of a worker's scratch: queries [G, D], logits [G, tile], decays [G].</summary>
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
            Running = item.Running, Accumulators = item.Accumulators, Group = group, HeadDim = headDim, Scale = job->Scale,
        };
        state.Logits = state.Queries + (nint)group * headDim;
        state.Decay = state.Logits + (nint)group * TileSlots;

        var queries = job->Queries + (nint)item.Head * group * headDim;
        for (nint i = 0; i < (nint)group * headDim; i++) state.Queries[i] = queries[i] * TElement.Scale;
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

    /// <summary>A tile in which halves may have to be looked at: the fast path takes finite ones only.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile(in KvSegment segment, int from, int slots, ref State state)
    {
        var rowBytes = (nint)state.HeadDim * TElement.Size;
        byte* keys = segment.Keys + from * rowBytes, values = segment.Values + from * rowBytes;
        var bias = segment.Bias is null ? null : segment.Bias + from;
        if (typeof(TElement) != typeof(Float16Element))
            Tile<TElement>(keys, values, bias, slots, state.Scale, ref state);
        else if (HalfBits.AreFinite((ushort*)keys, slots * state.HeadDim) && HalfBits.AreFinite((ushort*)values, slots * state.HeadDim))
            Tile<TElement>(keys, values, bias, slots, state.Scale * TElement.Scale, ref state);
        else
            Tile<Float16ExactElement>(keys, values, bias, slots, state.Scale / TElement.Scale, ref state);
    }

    /// <summary>Logits are the products with the (scaled) queries times <paramref name="factor"/>, plus the bias.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<TStored>(byte* keys, byte* values, float* bias, int slots, float factor, ref State state)
        where TStored : struct, IElement
    {
        TileLogits<TStored, TLanes, TVector>.Compute(keys, slots, state.HeadDim, state.Queries, state.Logits, TileSlots, state.Group);

        // Lets the memory work while the softmax computes.
        PrefetchAhead.Begin(values, Math.Min(PrefetchBytes, slots * state.HeadDim * TStored.Size));
        for (var g = 0; g < state.Group; g++)
        {
            var logits = state.Logits + (nint)g * TileSlots;
            ref var running = ref state.Running[g];
            var max = MathF.Max(running.Max, Complete(logits, slots, factor, bias));
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
            if (TStored.Scale != 1f) Multiply(logits, slots, TStored.Scale);
        }

        WeightedSum<TStored, TLanes, TVector>.Add(values, slots, state.HeadDim, state.Logits, TileSlots, state.Decay, state.Accumulators, state.Group);
    }

    /// <summary>logits · factor + bias in place; returns the largest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Complete(float* logits, int slots, float factor, float* bias)
    {
        var max = float.NegativeInfinity;
        var largest = TLanes.Broadcast(max);
        var factors = TLanes.Broadcast(factor);
        nint j = 0;
        for (; j <= slots - TLanes.Count; j += TLanes.Count)
        {
            var value = TLanes.MultiplyAdd(TLanes.Load(logits + j), factors, bias is null ? TLanes.Zero : TLanes.Load(bias + j));
            TLanes.Store(logits + j, value);
            largest = TLanes.Max(largest, value);
        }

        for (; j < slots; j++)
        {
            logits[j] = LanesScalar.MultiplyAdd(logits[j], factor, bias is null ? 0f : bias[j]);
            max = MathF.Max(max, logits[j]);
        }

        return MathF.Max(max, TLanes.MaxAcross(largest));
    }

    private static void Multiply(float* values, int length, float factor)
    {
        nint j = 0;
        for (; j <= length - TLanes.Count; j += TLanes.Count) TLanes.Store(values + j, TLanes.Multiply(TLanes.Load(values + j), TLanes.Broadcast(factor)));
        for (; j < length; j++) values[j] *= factor;
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
        public float Scale;
    }
}
