using System.Buffers;
using TorchSharp;
using static TorchSharp.torch;

namespace LST.Core.Models.Checkpoints;

/// <summary>
/// Decodes stored values of any block format into fp32, bf16 or fp16 on any device. Work goes in segments, spread over the processors;
/// each needs a small fp32 buffer at most, and the file's pages are dropped behind.
/// </summary>
internal static unsafe class WeightDecoder
{
    /// <summary>Values in a segment where the order is the file's: a multiple of every block, and small enough to stay in the cache.</summary>
    private const int SegmentValues = 1 << 14;
    private const int ChunkValues = 1 << 22;

    public static bool CanWrite(ScalarType target) => target is ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float16;

    /// <summary>Reads a whole tensor in the order of the file.</summary>
    public static Tensor Read(MappedFile file, long offset, GgmlFormat format, IReadOnlyList<long> shape, ScalarType target, Device device) =>
        Read(new Source(file, offset, format, SegmentValues, segment => segment), shape, target, device);

    /// <summary>Reads a matrix whose row i is row <paramref name="rowOf"/>(i) of the file.</summary>
    public static Tensor ReadRows(MappedFile file, GgufTensor tensor, Func<long, long> rowOf, ScalarType target, Device device) =>
        Read(new Source(file, tensor.Offset, tensor.Format, (int)tensor.Columns, rowOf), tensor.Shape, target, device);

    private static Tensor Read(Source source, IReadOnlyList<long> shape, ScalarType target, Device device)
    {
        var result = torch.empty(shape.ToArray(), dtype: target, device: device);
        try
        {
            Fill(source, result);
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    private static void Fill(Source source, Tensor result)
    {
        var total = result.numel();
        if (total == 0) return;
        var size = SafetensorsType.BytesOf(result.dtype);
        var step = Math.Max(1, ChunkValues / source.SegmentValues) * (long)source.SegmentValues;
        var onHost = result.device_type == DeviceType.CPU;
        using var flat = result.view(-1L);
        using var stage = onHost ? null : torch.empty(Math.Min(step, total), dtype: result.dtype, device: CPU);
        for (var done = 0L; done < total; done += step)
        {
            var count = Math.Min(step, total - done);
            var target = onHost ? NativeMemory.DataOf(result) + done * size : NativeMemory.DataOf(stage!);
            DecodeChunk(source, done, count, result.dtype, target);
            if (onHost) continue;
            using var from = stage!.narrow(0, 0, count);
            using var to = flat.narrow(0, done, count);
            to.copy_(from);
        }
    }

    private static void DecodeChunk(Source source, long first, long count, ScalarType type, byte* target)
    {
        var (size, values) = (SafetensorsType.BytesOf(type), source.SegmentValues);
        var (begin, end) = (first / values, (first + count + values - 1) / values);
        void Decode(long segment)
        {
            var at = segment * values - first;
            source.Decode(segment, (int)Math.Min(values, count - at), type, target + at * size);
        }
        if (end - begin < 4) for (var segment = begin; segment < end; segment++) Decode(segment);
        else Parallel.For(begin, end, Decode);
        source.Release(begin, end);
    }

    private sealed record Source(MappedFile File, long Offset, GgmlFormat Format, int SegmentValues, Func<long, long> Order)
    {
        private readonly long _segmentBytes = (long)SegmentValues / Format.BlockValues * Format.BlockBytes;

        public void Decode(long segment, int count, ScalarType type, byte* target)
        {
            var bytes = count / Format.BlockValues * Format.BlockBytes;
            var stored = new ReadOnlySpan<byte>(File.At(Offset + Order(segment) * _segmentBytes), bytes);
            if (type == ScalarType.Float32)
            {
                Format.Decode(stored, new Span<float>(target, count));
                return;
            }
            var rented = ArrayPool<float>.Shared.Rent(count);
            var values = rented.AsSpan(0, count);
            Format.Decode(stored, values);
            if (type == ScalarType.BFloat16) FloatLanes.ToBFloat16(values, new Span<ushort>(target, count));
            else FloatLanes.ToHalf(values, new Span<ushort>(target, count));
            ArrayPool<float>.Shared.Return(rented);
        }

        // Segments in another order stay near each other (within a head), so first and last tell the range nearly enough.
        public void Release(long begin, long end)
        {
            var (one, other) = (Order(begin), Order(end - 1));
            File.Release(Offset + Math.Min(one, other) * _segmentBytes, (Math.Abs(other - one) + 1) * _segmentBytes);
        }
    }
}
