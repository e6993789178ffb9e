using System.Text;
using LST.Core.Models;
using LST.Core.Models.Checkpoints;

namespace LST.Core.Tests.Models.Checkpoints;

/// <summary>Builds GGUF files by hand, right or wrong: every number can be replaced before <see cref="ToBytes"/>.</summary>
internal sealed class GgufBuilder
{
    public sealed record Tensor(string Name, ulong[] Dimensions, uint Type, byte[] Data)
    {
        public ulong? Offset { get; init; }
    }

    public string Magic { get; set; } = "GGUF";

    public uint Version { get; set; } = 3;

    public int Alignment { get; set; } = 32;

    public ulong? ClaimedTensors { get; set; }

    public ulong? ClaimedFields { get; set; }

    public List<(string Key, byte[] TypedValue)> Fields { get; } = [];

    public List<Tensor> Tensors { get; } = [];

    /// <summary>A complete two-layer model of the architecture with F32 weights that count up from a seed.</summary>
    public static GgufBuilder Tiny(string architecture = "llama", bool tied = false, bool bias = false)
    {
        var builder = new GgufBuilder();
        builder.Set("general.architecture", Text(architecture));
        foreach (var (key, value) in new[] { ("embedding_length", 8), ("feed_forward_length", 12), ("block_count", 2), ("attention.head_count", 2), ("attention.head_count_kv", 1), ("context_length", 32) })
            builder.Set($"{architecture}.{key}", UInt32((uint)value));
        builder.Set($"{architecture}.attention.layer_norm_rms_epsilon", Float32(1e-5f));
        builder.Set("tokenizer.ggml.tokens", TextArray(Enumerable.Range(0, 16).Select(i => $"t{i}").ToArray()));
        builder.Set("tokenizer.ggml.bos_token_id", UInt32(1));
        builder.Set("tokenizer.ggml.eos_token_id", UInt32(2));
        var config = new ModelConfig
        {
            ModelType = architecture, HiddenSize = 8, IntermediateSize = 12, Layers = 2, QueryHeads = 2, KeyValueHeads = 1, HeadDim = 4,
            VocabularySize = 16, MaxPositions = 32, RmsNormEpsilon = 1e-5, TiedHead = tied, QkvBias = bias,
        };
        foreach (var (name, shape) in WeightPlan.Of(config))
        {
            var count = shape.Aggregate(1L, (a, b) => a * b);
            var values = Enumerable.Range(0, (int)count).Select(i => (float)(i + 1000 * builder.Tensors.Count)).ToArray();
            builder.Tensors.Add(new Tensor(GgufNames.Of(name), shape.Reverse().Select(size => (ulong)size).ToArray(), 0, Bytes(values)));
        }
        return builder;
    }

    public GgufBuilder Set(string key, byte[] typedValue)
    {
        Fields.RemoveAll(field => field.Key == key);
        Fields.Add((key, typedValue));
        return this;
    }

    public GgufBuilder Drop(string key)
    {
        Assert.True(Fields.RemoveAll(field => field.Key == key) + Tensors.RemoveAll(tensor => tensor.Name == key) > 0);
        return this;
    }

    public GgufBuilder Change(string name, Func<Tensor, Tensor> change)
    {
        var at = Tensors.FindIndex(tensor => tensor.Name == name);
        Tensors[at] = change(Tensors[at]);
        return this;
    }

    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(Encoding.ASCII.GetBytes(Magic));
        writer.Write(Version);
        writer.Write(ClaimedTensors ?? (ulong)Tensors.Count);
        writer.Write(ClaimedFields ?? (ulong)Fields.Count);
        foreach (var (key, value) in Fields)
        {
            writer.Write(String(key));
            writer.Write(value);
        }
        var offset = 0L;
        foreach (var tensor in Tensors)
        {
            writer.Write(String(tensor.Name));
            writer.Write((uint)tensor.Dimensions.Length);
            foreach (var size in tensor.Dimensions) writer.Write(size);
            writer.Write(tensor.Type);
            writer.Write(tensor.Offset ?? (ulong)offset);
            offset = Aligned(offset + tensor.Data.Length);
        }
        foreach (var tensor in Tensors)
        {
            while (stream.Position % Alignment != 0) writer.Write((byte)0);
            writer.Write(tensor.Data);
        }
        return stream.ToArray();
    }

    public static byte[] UInt8(byte value) => Typed(0, [value]);

    public static byte[] UInt32(uint value) => Typed(4, BitConverter.GetBytes(value));

    public static byte[] Int32(int value) => Typed(5, BitConverter.GetBytes(value));

    public static byte[] Float32(float value) => Typed(6, BitConverter.GetBytes(value));

    public static byte[] Bool(byte value) => Typed(7, [value]);

    public static byte[] Text(string value) => Typed(8, String(value));

    public static byte[] TextArray(params string[] values) => Array(8, (ulong)values.Length, values.SelectMany(String).ToArray());

    public static byte[] UInt64(ulong value) => Typed(10, BitConverter.GetBytes(value));

    public static byte[] Array(uint type, ulong count, byte[] items) => Typed(9, [.. BitConverter.GetBytes(type), .. BitConverter.GetBytes(count), .. items]);

    public static byte[] Typed(uint type, byte[] value) => [.. BitConverter.GetBytes(type), .. value];

    public static byte[] String(string text) => [.. BitConverter.GetBytes((ulong)Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];

    public static byte[] Bytes(float[] values) => System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    private long Aligned(long offset) => (offset + Alignment - 1) / Alignment * Alignment;
}
