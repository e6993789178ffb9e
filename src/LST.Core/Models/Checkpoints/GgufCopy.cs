using TorchSharp;
using static TorchSharp.torch;

namespace LST.Core.Models.Checkpoints;

/// <summary>Decodes stored rows into a tensor of any type and device; at most one chunk exists as fp32 beside the result.</summary>
internal static unsafe class GgufCopy
{
    private const int ChunkValues = 1 << 20;
    private const int WorthTwoThreads = 1 << 16;

    /// <summary>Reads a whole tensor; row i of the result is row <paramref name="rowOf"/>(i) of the file.</summary>
    public static Tensor Read(MappedFile file, GgufTensor tensor, Func<long, long> rowOf, ScalarType target, Device device)
    {
        var result = torch.empty(tensor.Shape, dtype: target, device: device);
        try
        {
            Fill(file, tensor, rowOf, result);
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    private static void Fill(MappedFile file, GgufTensor tensor, Func<long, long> rowOf, Tensor result)
    {
        var columns = tensor.Columns;
        var step = Math.Min(tensor.Rows, Math.Max(1, ChunkValues / columns));
        var direct = result is { dtype: ScalarType.Float32, device_type: DeviceType.CPU };
        using var flat = result.view(-1L);
        using var scratch = direct ? null : torch.empty(step * columns, dtype: ScalarType.Float32, device: CPU);
        for (var row = 0L; row < tensor.Rows; row += step)
        {
            var rows = Math.Min(step, tensor.Rows - row);
            var values = direct ? (float*)NativeMemory.DataOf(result) + row * columns : (float*)NativeMemory.DataOf(scratch!);
            DecodeRows(file, tensor, rowOf, row, rows, values);
            if (direct) continue;
            using var source = scratch!.narrow(0, 0, rows * columns);
            using var destination = flat.narrow(0, row * columns, rows * columns);
            destination.copy_(source);
        }
        file.Release(tensor.Offset, tensor.Bytes);
    }

    private static void DecodeRows(MappedFile file, GgufTensor tensor, Func<long, long> rowOf, long first, long rows, float* values)
    {
        var (columns, rowBytes) = ((int)tensor.Columns, (int)tensor.RowBytes);
        void Decode(long i)
        {
            var stored = new ReadOnlySpan<byte>(file.At(tensor.Offset + rowOf(first + i) * rowBytes), rowBytes);
            tensor.Format.Decode(stored, new Span<float>(values + i * columns, columns));
        }
        if (rows * columns < WorthTwoThreads || rows == 1)
            for (var i = 0L; i < rows; i++) Decode(i);
        else
            Parallel.For(0, rows, Decode);
        ReleaseRows(file, tensor, rowOf, first, rows);
    }

    // Rows that are read in another order stay within their head, so first and last tell the range nearly enough: a page too many only faults again.
    private static void ReleaseRows(MappedFile file, GgufTensor tensor, Func<long, long> rowOf, long first, long rows)
    {
        var (one, other) = (rowOf(first), rowOf(first + rows - 1));
        var start = Math.Min(one, other) * tensor.RowBytes;
        file.Release(tensor.Offset + start, (Math.Max(one, other) + 1) * tensor.RowBytes - start);
    }
}
