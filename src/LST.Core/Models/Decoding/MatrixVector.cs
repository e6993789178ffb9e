using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Models.Decoding;

/// <summary>
/// y[b, o] = Σ_i W[o, i] · x[b, i] (+ bias[o]) for a few input rows: the products of a decode step, which take as long as the weights take to be read.
/// Every weight is read from memory once for all input rows. Rows are spread over the workers; a result's bits depend neither on their number nor on the batch.
/// </summary>
internal static unsafe partial class MatrixVector
{
    /// <summary>Least and most weights of one part: the hand-over and the first, unprefetched rows must be hidden; the last part must not be waited for.</summary>
    private const int SmallestPartBytes = 24 * 1024, LargestPartBytes = 1024 * 1024;

    private const int PartsPerWorker = 4;

    /// <summary>Rows above are read eight at a time, shorter ones four: measured, memory then delivers most.</summary>
    private const int LongRowBytes = 4096;

    /// <summary>Weight rows that share one pass over x; parts are multiples of it.</summary>
    private const int RowBlock = 8;

    /// <summary>Bounds the gated product's scratch on the stack.</summary>
    private const int LargestPartRows = 512;

    /// <summary>Input rows handled at a time by the gated product's scratch.</summary>
    private const int BatchBlock = 16;

    /// <summary>One product. <paramref name="x"/> is float32 [batch, columns], the output [batch, rows]; they must not overlap.</summary>
    public static void Multiply(WorkerPool pool, Projection projection, float* x, int batch) =>
        Multiply(pool, new ReadOnlySpan<Projection>(in projection), x, batch);

    /// <summary>Several products with the same x and one hand-over to the workers (query, key and value).</summary>
    /// <exception cref="ArgumentException">The layers differ in columns or storage.</exception>
    public static void Multiply(WorkerPool pool, ReadOnlySpan<Projection> projections, float* x, int batch) =>
        Multiply(pool, projections, x, batch, VectorWidths.Best);

    /// <summary>output[b, o] = silu(gate · x)[b, o] · (up · x)[b, o], one hand-over. Gate and up have the same shape and storage.</summary>
    /// <exception cref="ArgumentException">The layers differ in shape or storage.</exception>
    public static void MultiplyGated(WorkerPool pool, WeightMatrix gate, WeightMatrix up, float* x, int batch, float* output) =>
        MultiplyGated(pool, gate, up, x, batch, output, VectorWidths.Best);

    /// <summary>As the public form, with vectors of a given width.</summary>
    internal static void Multiply(WorkerPool pool, ReadOnlySpan<Projection> projections, float* x, int batch, VectorWidth width)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        if (projections.IsEmpty) return;
        var first = projections[0].Weight;
        var bytes = 0L;
        foreach (ref readonly var projection in projections)
        {
            if (projection.Weight.Columns != first.Columns || projection.Weight.Type != first.Type)
                throw new ArgumentException("layers that share an input must have the same columns and storage", nameof(projections));
            bytes += projection.Weight.Bytes;
        }

        var rowsPerPart = RowsPerPart(pool, bytes, first.RowBytes);
        var parts = 0;
        foreach (ref readonly var projection in projections) parts += PartsOf(projection.Weight.Rows, rowsPerPart);

        fixed (Projection* pointer = projections)
        {
            var job = new Job
            {
                Projections = pointer, Count = projections.Length, Input = x, Batch = batch, RowsPerPart = rowsPerPart,
            };
            pool.Run(parts, Body(first.Type, width, gated: Gating.None), &job);
        }
    }

    /// <summary>As the public form, with vectors of a given width.</summary>
    internal static void MultiplyGated(
        WorkerPool pool, WeightMatrix gate, WeightMatrix up, float* x, int batch, float* output, VectorWidth width)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        if (gate.Columns != up.Columns || gate.Type != up.Type || gate.Rows != up.Rows)
            throw new ArgumentException("gate and up must have the same shape and storage", nameof(up));
        var pair = stackalloc Projection[2];
        pair[0] = new Projection(gate, output);
        pair[1] = new Projection(up, output);
        var job = new Job
        {
            Projections = pair, Count = 2, Input = x, Batch = batch, RowsPerPart = RowsPerPart(pool, 2 * gate.Bytes, 2 * gate.RowBytes),
        };
        pool.Run(PartsOf(gate.Rows, job.RowsPerPart), Body(gate.Type, width, gated: Gating.Silu), &job);
    }

    private static int RowsPerPart(WorkerPool pool, long bytes, nint rowBytes)
    {
        var partBytes = Math.Clamp(bytes / (pool.Workers * PartsPerWorker), SmallestPartBytes, LargestPartBytes);
        return (int)Math.Clamp(partBytes / Math.Max(1, rowBytes) / RowBlock * RowBlock, RowBlock, LargestPartRows);
    }

    private static int PartsOf(int rows, int rowsPerPart) => (rows + rowsPerPart - 1) / rowsPerPart;

    private static delegate*<void*, int, int, void> Body(ElementType type, VectorWidth width, Gating gated) => type switch
    {
        ElementType.Float32 => Body<Float32Element>(width, gated),
        ElementType.BFloat16 => Body<BFloat16Element>(width, gated),
        ElementType.Float16 => Body<Float16Element>(width, gated),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown element type"),
    };

    private static delegate*<void*, int, int, void> Body<TElement>(VectorWidth width, Gating gated)
        where TElement : struct, IElement => width switch
        {
            VectorWidth.Sixteen => Parts<TElement, Lanes512, System.Runtime.Intrinsics.Vector512<float>>.Body(gated),
            VectorWidth.Eight => Parts<TElement, Lanes256, System.Runtime.Intrinsics.Vector256<float>>.Body(gated),
            VectorWidth.Four => Parts<TElement, Lanes128, System.Runtime.Intrinsics.Vector128<float>>.Body(gated),
            _ => Parts<TElement, LanesScalar, float>.Body(gated),
        };

    private enum Gating
    {
        None,
        Silu,
    }

    private struct Job
    {
        public Projection* Projections;
        public float* Input;
        public int Count;
        public int Batch;
        public int RowsPerPart;
    }
}
