using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using static TorchSharp.torch;

namespace LST.Core.Models.Checkpoints;

/// <summary>
/// Writes safetensors files atomically (beside, flushed, renamed). Tensors are laid out by falling element size, then by name, and the header
/// is padded to 8 bytes, so that each tensor is aligned and equal content gives equal bytes.
/// </summary>
public static class SafetensorsWriter
{
    /// <summary>Writes tensors of any device and layout in their own types (floating: F64 F32 F16 BF16; whole: I64 I32 I16 I8 U8; BOOL).</summary>
    /// <param name="path">File to create or replace; its folder must exist.</param>
    /// <param name="tensors">Names and tensors; at most one is held on the CPU as a copy at a time.</param>
    /// <param name="metadata">Strings for <c>__metadata__</c>; null: none.</param>
    /// <exception cref="ModelFileException">A type that the format does not know, a name twice or too long, or a disk that refuses.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        Write(path, tensors.Select(pair => new PendingTensor(pair.Key, pair.Value.dtype, pair.Value.shape, pair.Value.detach)), metadata);

    /// <summary>As the other, but each tensor is made only when its turn comes, and disposed at once.</summary>
    internal static void Write(string path, IEnumerable<PendingTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var ordered = tensors.Select(tensor => (Tensor: tensor, Type: TypeOf(path, tensor)))
            .OrderByDescending(item => item.Type.Bytes).ThenBy(item => item.Tensor.Name, StringComparer.Ordinal).ToArray();
        var header = Header(path, ordered, metadata);
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (var item in ordered) WriteData(stream, item.Tensor);
        });
    }

    private static SafetensorsType TypeOf(string path, PendingTensor tensor)
    {
        if (tensor.Name.Length > SafetensorsHeader.MaximumNameLength / 6)
            throw new ModelFileException($"{path}: a tensor name may have at most {SafetensorsHeader.MaximumNameLength / 6} characters;"
                + $" {Shown.Quote(tensor.Name)} has {tensor.Name.Length}.");
        return SafetensorsType.Find(tensor.Type)
            ?? throw new ModelFileException($"{path}: safetensors files here hold {SafetensorsType.Known}; {Shown.Quote(tensor.Name)} is {tensor.Type}:"
                + " cast it first.");
    }

    private static byte[] Header(string path, (PendingTensor Tensor, SafetensorsType Type)[] ordered, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        var names = new HashSet<string>(StringComparer.Ordinal) { "__metadata__" };
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)) json.WriteString(key, value);
                json.WriteEndObject();
            }
            var offset = 0L;
            foreach (var (tensor, type) in ordered)
            {
                if (!names.Add(tensor.Name))
                    throw new ModelFileException($"{path}: tensor names must be unique and not __metadata__; {Shown.Quote(tensor.Name)} was given again.");
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", type.Name);
                json.WriteStartArray("shape");
                foreach (var size in tensor.Shape) json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                json.WriteNumberValue(offset += tensor.Elements * type.Bytes);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        var padded = new byte[(buffer.WrittenCount + 7) / 8 * 8];
        padded.AsSpan().Fill((byte)' ');
        buffer.WrittenSpan.CopyTo(padded);
        return padded;
    }

    private static unsafe void WriteData(Stream stream, PendingTensor pending)
    {
        if (pending.Elements == 0) return;
        using var tensor = pending.Make();
        if (tensor.dtype != pending.Type || !tensor.shape.SequenceEqual(pending.Shape))
            throw new InvalidOperationException($"{pending.Name} was announced as {pending.Type} {Shown.Shape(pending.Shape)} and made as {tensor.dtype}"
                + $" {Shown.Shape(tensor.shape)}");
        using var host = tensor.cpu();
        using var dense = host.contiguous();
        var bytes = pending.Elements * SafetensorsType.BytesOf(dense.dtype);
        var data = NativeMemory.DataOf(dense);
        for (var done = 0L; done < bytes; done += WeightCopy.ChunkBytes)
            stream.Write(new ReadOnlySpan<byte>(data + done, (int)Math.Min(WeightCopy.ChunkBytes, bytes - done)));
    }
}

/// <summary>A tensor that is made when it is written; the writer disposes it.</summary>
internal sealed record PendingTensor(string Name, ScalarType Type, IReadOnlyList<long> Shape, Func<Tensor> Make)
{
    public long Elements => Shape.Aggregate(1L, (product, size) => checked(product * size));
}
