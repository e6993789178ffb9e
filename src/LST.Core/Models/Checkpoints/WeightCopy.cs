using TorchSharp;
using static TorchSharp.torch;

namespace LST.Core.Models.Checkpoints;

/// <summary>Moves stored elements into a tensor of any type and device, a chunk at a time, and drops the file's pages behind itself.</summary>
internal static unsafe class WeightCopy
{
    /// <summary>Bytes of the file that are resident at once.</summary>
    public const int ChunkBytes = 16 << 20;

    /// <summary>Bytes of scratch memory. Small, because what the allocator keeps of a freed buffer adds up over hundreds of weights.</summary>
    public const int ScratchBytes = 1 << 20;

    /// <summary>Reads elements of type <paramref name="stored"/> from <paramref name="offset"/>; they must lie inside the file.</summary>
    public static Tensor Read(MappedFile file, long offset, ScalarType stored, IReadOnlyList<long> shape, ScalarType target, Device device)
    {
        if (stored != target && WeightDecoder.CanWrite(target) && PlainFormat(stored) is { } format)
            return WeightDecoder.Read(file, offset, format, shape, target, device);
        var result = torch.empty(shape.ToArray(), dtype: target, device: device);
        try
        {
            if (stored == target && device.type == DeviceType.CPU) CopyBytes(file, offset, result);
            else CopyThroughScratch(file, offset, stored, result);
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    private static GgmlFormat? PlainFormat(ScalarType type) => type switch
    {
        ScalarType.Float32 => GgmlFormat.F32,
        ScalarType.Float16 => GgmlFormat.F16,
        ScalarType.BFloat16 => GgmlFormat.BF16,
        _ => null,
    };

    private static void CopyBytes(MappedFile file, long offset, Tensor result)
    {
        var bytes = result.numel() * SafetensorsType.BytesOf(result.dtype);
        var destination = bytes == 0 ? null : NativeMemory.DataOf(result);
        for (var done = 0L; done < bytes; done += ChunkBytes)
        {
            var count = Math.Min(ChunkBytes, bytes - done);
            Buffer.MemoryCopy(file.At(offset + done), destination + done, count, count);
            file.Release(offset + done, count);
        }
    }

    // libtorch converts between all types and copies to any device; it only needs a tensor to read from.
    private static void CopyThroughScratch(MappedFile file, long offset, ScalarType stored, Tensor result)
    {
        var size = SafetensorsType.BytesOf(stored);
        var elements = result.numel();
        if (elements == 0) return;
        var step = Math.Min(ScratchBytes / size, elements);
        using var scratch = torch.empty(step, dtype: stored, device: CPU);
        using var flat = result.view(-1L);
        for (var done = 0L; done < elements; done += step)
        {
            var count = Math.Min(step, elements - done);
            var bytes = count * size;
            Buffer.MemoryCopy(file.At(offset + done * size), NativeMemory.DataOf(scratch), bytes, bytes);
            file.Release(offset + done * size, bytes);
            using var source = scratch.narrow(0, 0, count);
            using var destination = flat.narrow(0, done, count);
            destination.copy_(source);
        }
    }
}
