using LST.Core.Attention.Cpu.Vectors;
using LST.Core.Models.Checkpoints;
using static TorchSharp.torch;

namespace LST.Core.Attention.Cpu;

/// <summary>
/// Work on rows of logits and attention scores, each in one pass over memory: softmax under a causal edge or mask, column sums of it, losses.
/// Arithmetic is float32 whatever the storage is; rows are shared out to the workers of a pool.
/// </summary>
internal static unsafe class RowKernels
{
    /// <summary>
    /// Softmax of scaled scores in place. A row is one query: row (h, g, c) sees keys 0 … first + c, or, with a mask, every key with the mask added.
    /// </summary>
    /// <param name="pool">Workers.</param>
    /// <param name="scores">[B·H, G·C, n], contiguous.</param>
    /// <param name="queries">C.</param>
    /// <param name="scale">Factor on the scores, before the mask.</param>
    /// <param name="first">Keys before the first query's own; ignored with a mask.</param>
    /// <param name="mask">float32, broadcast of [B·H, C, n] by its strides; null: the causal edge.</param>
    /// <param name="maskHeadStride">Elements from one of the B·H to the next in the mask (0: shared).</param>
    /// <param name="maskRowStride">Elements from one query to the next.</param>
    public static void Softmax(WorkerPool pool, Tensor scores, int queries, float scale, int first, float* mask, nint maskHeadStride, nint maskRowStride)
    {
        var job = new SoftmaxJob
        {
            Scores = NativeMemory.DataOf(scores), Type = TypeOf(scores), Keys = (int)scores.shape[2], RowsPerHead = (int)scores.shape[1], Queries = queries,
            Scale = scale, First = first, Mask = mask, MaskHeadStride = maskHeadStride, MaskRowStride = maskRowStride, Rows = (int)(scores.shape[0] * scores.shape[1]),
        };
        job.Parts = Math.Max(1, Math.Min(4 * pool.Workers, job.Rows / 4));
        lock (pool) pool.Run(job.Parts, &SoftmaxPart, &job);
    }

    /// <summary>
    /// Adds the column sums of the causal softmax of a chunk to <paramref name="sums"/>; the scores are overwritten by the softmax.
    /// </summary>
    /// <param name="pool">Workers; one head is one part.</param>
    /// <param name="scores">Scaled scores, float32 [H, C, n] contiguous; row c sees keys 0 … first + c.</param>
    /// <param name="first">Keys before the first query's own.</param>
    /// <param name="sums">float32 [H, T], contiguous, T ≥ n.</param>
    public static void AddColumnSums(WorkerPool pool, Tensor scores, int first, Tensor sums)
    {
        var job = new SumJob
        {
            Scores = (float*)NativeMemory.DataOf(scores), Sums = (float*)NativeMemory.DataOf(sums), Keys = (int)scores.shape[2], Queries = (int)scores.shape[1],
            First = first, Tokens = (int)sums.shape[1],
        };
        lock (pool) pool.Run((int)scores.shape[0], &SumPart, &job);
    }

    /// <summary>−log softmax(logits)[target] of each row, nats; log-sum-exp in float32 terms summed in double.</summary>
    /// <param name="pool">Workers.</param>
    /// <param name="logits">[rows, V], contiguous.</param>
    /// <param name="targets">[rows], each in [0, V).</param>
    /// <param name="losses">[rows].</param>
    public static void Losses(WorkerPool pool, Tensor logits, ReadOnlySpan<long> targets, Span<double> losses)
    {
        fixed (long* target = targets)
        fixed (double* loss = losses)
        {
            var job = new LossJob { Logits = NativeMemory.DataOf(logits), Type = TypeOf(logits), Targets = target, Losses = loss, Rows = targets.Length, Width = (int)logits.shape[1] };
            job.Parts = Math.Max(1, Math.Min(4 * pool.Workers, job.Rows));
            lock (pool) pool.Run(job.Parts, &LossPart, &job);
        }
    }

    private static ElementType TypeOf(Tensor tensor) => Models.Decoding.LanguageModelWeights.TypeOf(tensor.dtype);

    private struct SoftmaxJob
    {
        public byte* Scores;
        public float* Mask;
        public nint MaskHeadStride, MaskRowStride;
        public float Scale;
        public int Keys, RowsPerHead, Queries, First, Rows, Parts;
        public ElementType Type;
    }

    private struct SumJob
    {
        public float* Scores, Sums;
        public int Keys, Queries, First, Tokens;
    }

    private struct LossJob
    {
        public byte* Logits;
        public long* Targets;
        public double* Losses;
        public int Rows, Width, Parts;
        public ElementType Type;
    }

    private static void SoftmaxPart(void* argument, int part, int worker)
    {
        ref var job = ref *(SoftmaxJob*)argument;
        using var wide = new AlignedBuffer<float>(job.Type == ElementType.Float32 ? 0 : job.Keys);
        var rowBytes = (nint)job.Keys * ElementSizes.Bytes(job.Type);
        for (var row = (long)part * job.Rows / job.Parts; row < (long)(part + 1) * job.Rows / job.Parts; row++)
        {
            var (head, query) = (row / job.RowsPerHead, (int)(row % job.RowsPerHead % job.Queries));
            var stored = job.Scores + (nint)row * rowBytes;
            var values = job.Type == ElementType.Float32 ? (float*)stored : wide.Pointer;
            var seen = job.Mask is null ? Math.Min(job.Keys, job.First + query + 1) : job.Keys;
            if (job.Type != ElementType.Float32) ElementConversion.Widen(stored, job.Type, values, seen);
            Scale(values, seen, job.Scale, job.Mask is null ? null : job.Mask + (nint)head * job.MaskHeadStride + query * job.MaskRowStride);
            Logits.Softmax(values, seen);
            new Span<float>(values + seen, job.Keys - seen).Clear();
            if (job.Type != ElementType.Float32) ElementConversion.Narrow(values, stored, job.Type, job.Keys);
        }
    }

    private static void SumPart(void* argument, int head, int worker)
    {
        ref var job = ref *(SumJob*)argument;
        var sums = new Span<float>(job.Sums + (nint)head * job.Tokens, job.Keys);
        for (var query = 0; query < job.Queries; query++)
        {
            var row = job.Scores + ((nint)head * job.Queries + query) * job.Keys;
            var seen = Math.Min(job.Keys, job.First + query + 1);
            Logits.Softmax(row, seen);
            for (var i = 0; i < seen; i++) sums[i] += row[i];
        }
    }

    private static void LossPart(void* argument, int part, int worker)
    {
        ref var job = ref *(LossJob*)argument;
        using var wide = new AlignedBuffer<float>(job.Type == ElementType.Float32 ? 0 : job.Width);
        var rowBytes = (nint)job.Width * ElementSizes.Bytes(job.Type);
        for (var row = (long)part * job.Rows / job.Parts; row < (long)(part + 1) * job.Rows / job.Parts; row++)
        {
            var stored = job.Logits + (nint)row * rowBytes;
            var values = job.Type == ElementType.Float32 ? (float*)stored : wide.Pointer;
            if (job.Type != ElementType.Float32) ElementConversion.Widen(stored, job.Type, values, job.Width);
            job.Losses[row] = Logits.LogSumExp(values, job.Width) - values[job.Targets[row]];
        }
    }

    private static void Scale(float* values, int length, float scale, float* added)
    {
        var row = new Span<float>(values, length);
        var i = 0;
        var factor = System.Runtime.Intrinsics.Vector256.Create(scale);
        for (; i <= length - 8; i += 8)
        {
            var scaled = System.Runtime.Intrinsics.Vector256.Load(values + i) * factor;
            if (added is not null) scaled += System.Runtime.Intrinsics.Vector256.Load(added + i);
            System.Runtime.Intrinsics.Vector256.Store(scaled, values + i);
        }
        for (; i < length; i++) row[i] = row[i] * scale + (added is null ? 0 : added[i]);
    }
}
