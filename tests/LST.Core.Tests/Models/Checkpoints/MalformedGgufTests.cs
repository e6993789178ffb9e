using System.Buffers.Binary;
using CsCheck;
using LST.Core.Models.Checkpoints;
using static TorchSharp.torch;

namespace LST.Core.Tests.Models.Checkpoints;

/// <summary>The corpus of broken GGUF files; none is ever removed.</summary>
public class MalformedGgufTests
{
    private const string Up = "blk.0.ffn_up.weight";

    private static readonly (string Name, Action<GgufBuilder> Break, string Phrase)[] Cases =
    [
        ("wrong magic", file => file.Magic = "GGML", "must begin with the letters GGUF"),
        ("version 1", file => file.Version = 1, "version must be 2 or 3; found 1"),
        ("version 4", file => file.Version = 4, "version must be 2 or 3; found 4"),
        ("big-endian", file => file.Version = BinaryPrimitives.ReverseEndianness(3u), "(a big-endian file?)"),
        ("2^64-1 tensors", file => file.ClaimedTensors = ulong.MaxValue, "at most 200000 tensors"),
        ("more tensors than bytes", file => file.ClaimedTensors = 200_000, "200000 tensors must fit into the file"),
        ("one tensor too many", file => file.ClaimedTensors = (ulong)file.Tensors.Count + 1, "is not a valid GGUF file"),
        ("one tensor too few", file => file.ClaimedTensors = (ulong)file.Tensors.Count - 1, "bytes are left over"),
        ("2^64-1 fields", file => file.ClaimedFields = ulong.MaxValue, "at most 100000 metadata fields"),
        ("more fields than bytes", file => file.ClaimedFields = 100_000, "100000 metadata fields must fit"),
        ("key of 2^63 bytes", file => file.Fields.Add(("k", [])), "metadata"),
        ("text of 2^64-1 bytes", file => file.Set("k", [.. BitConverter.GetBytes(8u), .. BitConverter.GetBytes(ulong.MaxValue)]), "the value of \"k\" may have at most"),
        ("text longer than the file", file => file.Set("k", [.. BitConverter.GetBytes(8u), .. BitConverter.GetBytes(16_000_000ul)]), "must hold 16000000 bytes of the value of \"k\""),
        ("text not UTF-8", file => file.Set("k", [.. BitConverter.GetBytes(8u), .. BitConverter.GetBytes(1ul), 0xFF]), "must be UTF-8"),
        ("array of 2^64-1 items", file => file.Set("k", GgufBuilder.Array(4, ulong.MaxValue, [])), "at most 16777216 items of \"k\""),
        ("array longer than the file", file => file.Set("k", GgufBuilder.Array(12, 16_000_000, [])), "16000000 items of \"k\" must fit"),
        ("text array longer than the file", file => file.Set("k", GgufBuilder.Array(8, 16_000_000, [])), "16000000 items of \"k\" must fit"),
        ("array of arrays", file => file.Set("k", GgufBuilder.Array(9, 1, [])), "arrays of arrays"),
        ("unknown metadata type", file => file.Set("k", GgufBuilder.Typed(13, [0])), "metadata types must be from 0 to 12; \"k\" has 13"),
        ("unknown item type", file => file.Set("k", GgufBuilder.Array(99, 1, [0])), "metadata types must be from 0 to 12; \"k\" has 99"),
        ("boolean of 2", file => file.Set("k", GgufBuilder.Bool(2)), "booleans must be 0 or 1; \"k\" has 2"),
        ("whole number too large for an array", file => file.Set("k", GgufBuilder.Array(10, 1, BitConverter.GetBytes(ulong.MaxValue))), "must be below 2^63"),
        ("key twice", file => file.Fields.Add(("general.architecture", GgufBuilder.Text("llama"))), "\"general.architecture\" stands twice"),
        ("alignment 0", file => file.Set("general.alignment", GgufBuilder.UInt32(0)), "must be a power of two"),
        ("alignment 48", file => file.Set("general.alignment", GgufBuilder.UInt32(48)), "must be a power of two"),
        ("alignment text", file => file.Set("general.alignment", GgufBuilder.Text("32")), "must be a power of two"),
        ("alignment of 2^31", file => file.Set("general.alignment", GgufBuilder.UInt32(1u << 31)), "must be a power of two"),
        ("rank 0", file => file.Change(Up, tensor => tensor with { Dimensions = [] }), "1 to 4 dimensions; \"blk.0.ffn_up.weight\" has 0"),
        ("rank 5", file => file.Change(Up, tensor => tensor with { Dimensions = [1, 1, 1, 8, 12] }), "1 to 4 dimensions"),
        ("size 0", file => file.Change(Up, tensor => tensor with { Dimensions = [8, 0] }), "from 1 to 2^63-1 values"),
        ("product that overflows", file => file.Change(Up, tensor => tensor with { Dimensions = [1ul << 32, 1ul << 32] }), "from 1 to 2^63-1 values"),
        ("size of 2^64-1", file => file.Change(Up, tensor => tensor with { Dimensions = [ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue] }), "from 1 to 2^63-1 values"),
        ("bytes that overflow", file => file.Change(Up, tensor => tensor with { Dimensions = [1ul << 62] }), "must lie inside the file"),
        ("unknown type", file => file.Change(Up, tensor => tensor with { Type = 77 }), "has the unknown type 77"),
        ("format that is not read", file => file.Change(Up, tensor => tensor with { Type = 16 }), "\"blk.0.ffn_up.weight\" is IQ2_XXS; take a file in another quantisation"),
        ("row that is no whole block", file => file.Change(Up, tensor => tensor with { Type = 2 }), "multiples of 32 values; \"blk.0.ffn_up.weight\" has rows of 8"),
        ("offset off the grid", file => file.Change(Up, tensor => tensor with { Offset = 33 }), "must begin at multiples of 32 bytes"),
        ("offset beyond the file", file => file.Change(Up, tensor => tensor with { Offset = 1ul << 62 }), "must lie inside the file"),
        ("offset of 2^64-32", file => file.Change(Up, tensor => tensor with { Offset = ulong.MaxValue - 31 }), "must lie inside the file"),
        ("overlap", file => file.Change(Up, tensor => tensor with { Offset = 32 }), "begins inside \"token_embd.weight\""),
        ("gap between tensors", file => file.Change("output.weight", tensor => tensor with { Offset = (ulong)file.Tensors.SkipLast(1).Sum(other => (other.Data.Length + 31) / 32 * 32) + 64, Data = new byte[4096] }), "bytes lie unused before \"output.weight\""),
        ("trailing bytes", file => file.Change("output.weight", tensor => tensor with { Data = new byte[4096] }), "bytes are left over"),
        ("tensor twice", file => file.Change("blk.1.ffn_up.weight", tensor => tensor with { Name = Up }), "\"blk.0.ffn_up.weight\" stands twice"),
        ("missing tensor", file => file.Drop(Up), "blk.0.ffn_up.weight is missing"),
        ("missing embedding", file => file.Drop("token_embd.weight"), "token_embd.weight is missing"),
        ("unexpected tensor", file => file.Tensors.Add(new GgufBuilder.Tensor("blk.0.attn_qkv.weight", [8], 0, new byte[32])), "\"blk.0.attn_qkv.weight\" is unexpected"),
        ("transposed tensor", file => file.Change(Up, tensor => tensor with { Dimensions = [12, 8] }), "must have the shape [12, 8] that the metadata ask for; found [8, 12]"),
        ("three-dimensional embedding", file => file.Change("token_embd.weight", tensor => tensor with { Dimensions = [8, 4, 4] }), "must have two dimensions"),
        ("no architecture", file => file.Drop("general.architecture"), "\"general.architecture\" is missing"),
        ("other architecture", file => file.Set("general.architecture", GgufBuilder.Text("gemma2")), "must be llama or qwen2; found \"gemma2\""),
        ("architecture a number", file => file.Set("general.architecture", GgufBuilder.UInt32(1)), "\"general.architecture\" must be text; found 1"),
        ("no heads", file => file.Drop("llama.attention.head_count"), "\"llama.attention.head_count\" is missing"),
        ("no length", file => file.Drop("llama.context_length"), "\"llama.context_length\" is missing"),
        ("no epsilon", file => file.Drop("llama.attention.layer_norm_rms_epsilon"), "layer_norm_rms_epsilon\" is missing"),
        ("epsilon not a number", file => file.Set("llama.attention.layer_norm_rms_epsilon", GgufBuilder.Float32(float.NaN)), "must be a number"),
        ("no layers", file => file.Set("llama.block_count", GgufBuilder.UInt32(0)), "\"llama.block_count\" must be a whole number from 1"),
        ("layers as text", file => file.Set("llama.block_count", GgufBuilder.Text("2")), "must be a whole number from 1 to 4096; found \"2\""),
        ("negative width", file => file.Set("llama.embedding_length", GgufBuilder.Int32(-8)), "found -8"),
        ("heads that differ by layer", file => file.Set("llama.attention.head_count_kv", GgufBuilder.Array(4, 2, [1, 0, 0, 0, 2, 0, 0, 0])), "found a list of 2 items"),
        ("heads that do not divide", file => file.Set("llama.attention.head_count_kv", GgufBuilder.UInt32(3)), "multiple of the key/value heads; found 2 and 3"),
        ("odd head", file => file.Set("llama.attention.key_length", GgufBuilder.UInt32(5)), "head dimension must be even"),
        ("values of another width", file => file.Set("llama.attention.value_length", GgufBuilder.UInt32(8)), "value_length must equal the head dimension 4; found 8"),
        ("RoPE on a part", file => file.Set("llama.rope.dimension_count", GgufBuilder.UInt32(2)), "dimension_count must equal the head dimension 4; found 2"),
        ("RoPE scaling", file => file.Set("llama.rope.scaling.type", GgufBuilder.Text("yarn")), "default or llama3; found \"yarn\""),
        ("linear RoPE scaling", file => { file.Set("llama.rope.scaling.type", GgufBuilder.Text("linear")); file.Set("llama.rope.scaling.factor", GgufBuilder.Float32(4)); }, "found \"linear\""),
        ("experts", file => file.Set("llama.expert_count", GgufBuilder.UInt32(8)), "found 8 experts"),
        ("one of several parts", file => file.Set("split.count", GgufBuilder.UInt32(3)), "one of 3 parts"),
        ("BOS outside", file => file.Set("tokenizer.ggml.bos_token_id", GgufBuilder.UInt32(16)), "from 0 to 15; found 16"),
        ("vocabulary size that differs", file => file.Set("llama.vocab_size", GgufBuilder.UInt32(17)), "found 17 and 16"),
        ("more tokens than rows", file => file.Set("tokenizer.ggml.tokens", GgufBuilder.TextArray(new string[17].Select(_ => "t").ToArray())), "found 17 and 16"),
    ];

    public static TheoryData<string> Corpus => [.. Cases.Select(item => item.Name)];

    [Theory, MemberData(nameof(Corpus))]
    public void Every_broken_file_is_refused_with_one_sentence(string name)
    {
        var (_, change, phrase) = Cases.Single(item => item.Name == name);
        using var folder = new TemporaryFolder();
        var builder = GgufBuilder.Tiny();
        change(builder);
        var path = folder.Write("model.gguf", builder.ToBytes());

        var error = Assert.Throws<ModelFileException>(() => GgufFile.Open(path));

        Assert.Contains(phrase, error.Message);
        Assert.StartsWith(path, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Qwen2_without_its_biases_is_refused()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("model.gguf", GgufBuilder.Tiny("qwen2", tied: true).ToBytes());

        var error = Assert.Throws<ModelFileException>(() => GgufFile.Open(path));

        Assert.Contains("blk.0.attn_q.bias is missing", error.Message);
    }

    [Fact]
    public void Truncation_at_any_length_is_a_sentence_and_no_big_allocation()
    {
        using var folder = new TemporaryFolder();
        var good = GgufBuilder.Tiny().ToBytes();
        GC.Collect();

        for (var length = 0; length < good.Length; length++)
        {
            var path = folder.Write("model.gguf", good[..length]);
            var before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Throws<ModelFileException>(() => GgufFile.Open(path));
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_000_000);
        }
    }

    [Fact]
    public void Random_byte_flips_give_success_or_a_sentence()
    {
        using var folder = new TemporaryFolder();
        var builder = GgufBuilder.Tiny();
        var good = builder.ToBytes();
        var head = good.Length - builder.Tensors.Sum(tensor => (tensor.Data.Length + 31) / 32 * 32);
        var flips = Gen.Select(Gen.Int[0, head - 1], Gen.Byte).Array[1, 4];

        flips.Sample(changes =>
        {
            var bytes = good.ToArray();
            foreach (var (at, value) in changes) bytes[at] = value;
            var path = folder.Write("model.gguf", bytes);
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                using var model = GgufFile.Open(path);
                foreach (var weight in model.Weights) model.Load(weight.Name, ScalarType.Float32, CPU).Dispose();
            }
            catch (ModelFileException)
            {
                // A sentence is one of the two allowed outcomes.
            }
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16_000_000);
        }, iter: 1_500, threads: 1);
    }
}
