using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Models.Decoding;

/// <summary>A linear layer in memory that somebody else owns: row-major weight [rows, columns] without gaps and an optional bias [rows].</summary>
/// <param name="data">First weight.</param>
/// <param name="type">Storage of the weights.</param>
/// <param name="rows">Outputs.</param>
/// <param name="columns">Inputs.</param>
/// <param name="bias">float32 bias; null: none.</param>
internal readonly unsafe struct WeightMatrix(void* data, ElementType type, int rows, int columns, float* bias = null)
{
    /// <summary>First weight.</summary>
    public readonly byte* Data = (byte*)data;

    /// <summary>float32 bias [rows]; null: none.</summary>
    public readonly float* Bias = bias;

    /// <summary>Storage of the weights.</summary>
    public readonly ElementType Type = type;

    /// <summary>Outputs.</summary>
    public readonly int Rows = rows;

    /// <summary>Inputs.</summary>
    public readonly int Columns = columns;

    /// <summary>Bytes of one row.</summary>
    public nint RowBytes => (nint)Columns * ElementSizes.Bytes(Type);

    /// <summary>Bytes of all weights.</summary>
    public long Bytes => (long)Rows * RowBytes;

    /// <summary>Some of the rows, as a layer of their own: query, key and value may lie in one matrix.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are no such rows.</exception>
    public WeightMatrix Slice(int first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)first, (uint)Rows, nameof(first));
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(Rows - first), nameof(count));
        return new WeightMatrix(Data + first * RowBytes, Type, count, Columns, Bias is null ? null : Bias + first);
    }

    /// <summary>Whether no float16 weight is infinite or NaN: the kernels for that storage do not look. True for other storages.</summary>
    public bool IsSafeFloat16()
    {
        if (Type != ElementType.Float16) return true;
        for (var row = 0; row < Rows; row++)
            if (!HalfBits.AreFinite((ushort*)(Data + row * RowBytes), Columns)) return false;

        return true;
    }
}

/// <summary>What a product does to its output.</summary>
internal enum OutputMode
{
    /// <summary>The output becomes the product.</summary>
    Overwrite,

    /// <summary>The product is added to the output (a residual stream).</summary>
    Accumulate,
}

/// <summary>A product to be done: <see cref="Output"/> [batch, rows] of <see cref="Weight"/>.</summary>
/// <param name="weight">The layer.</param>
/// <param name="output">float32 [batch, rows].</param>
/// <param name="mode">Overwrite or add.</param>
internal readonly unsafe struct Projection(WeightMatrix weight, float* output, OutputMode mode = OutputMode.Overwrite)
{
    /// <summary>The layer.</summary>
    public readonly WeightMatrix Weight = weight;

    /// <summary>float32 [batch, rows].</summary>
    public readonly float* Output = output;

    /// <summary>Overwrite or add.</summary>
    public readonly OutputMode Mode = mode;
}
