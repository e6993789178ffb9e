using LST.Core.Models.Checkpoints;
using Microsoft.ML.Tokenizers;
using static TorchSharp.torch;

namespace LST.Core.Tests.Models.Checkpoints;

public class Llama2cConverterTests
{
    private const int Vocabulary = 260;

    [Fact]
    public void Stories260K_becomes_a_folder_with_its_shape_and_weights()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var bin = Shared.Require("data/checkpoints/stories260K/stories260K.bin");

        Llama2cConverter.Convert(bin, Shared.Require("data/checkpoints/stories260K/tok512.bin"), folder.File("stories260K"));
        using var model = ModelFolder.Open(folder.File("stories260K"));

        Assert.Equal((64, 172, 5, 8, 4, 512, 512), (model.Config.HiddenSize, model.Config.IntermediateSize, model.Config.Layers, model.Config.QueryHeads, model.Config.KeyValueHeads, model.Config.VocabularySize, model.Config.MaxPositions));
        Assert.True(model.Config is { TiedHead: true, HeadDim: 8, BosId: 1, RopeTheta: 10000, RmsNormEpsilon: 1e-5 });
        Assert.Equal("stories260K", model.ShortName);
        // Everything but the two RoPE tables (512 · 4 each) and the header is a weight.
        Assert.Equal(new FileInfo(bin).Length - 28 - 2 * 4 * 512 * 4, model.Weights.Sum(weight => weight.StoredBytes));
        Assert.Single(Directory.GetDirectories(folder.Path));
        Assert.Equal(4, Directory.GetFiles(folder.File("stories260K")).Length);
    }

    [Fact]
    public void The_tokenizer_of_stories260K_reads_as_a_SentencePiece_model()
    {
        using var folder = new TemporaryFolder();
        Llama2cConverter.Convert(Shared.Require("data/checkpoints/stories260K/stories260K.bin"), Shared.Require("data/checkpoints/stories260K/tok512.bin"), folder.File("out"));

        using var stream = File.OpenRead(folder.File("out/tokenizer.model"));
        var tokenizer = LlamaTokenizer.Create(stream, addBeginOfSentence: true, addEndOfSentence: false);
        var ids = tokenizer.EncodeToIds("Once upon a time, there was a little girl named Lily.\nÖ");

        Assert.Equal(1, ids[0]);
        Assert.Equal(403, ids[1]);
        Assert.Contains(3 + '\n', ids);
        Assert.Equal("Once upon a time, there was a little girl named Lily.\nÖ", tokenizer.Decode(ids));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Every_number_of_the_checkpoint_arrives_at_its_place(bool tied)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        const int dim = 8, hidden = 12, layers = 2, heads = 2, keyHeads = 1, length = 6, size = 4;
        var bin = folder.Write("m.bin", Checkpoint([dim, hidden, layers, heads, keyHeads, tied ? Vocabulary : -Vocabulary, length], tied));

        Llama2cConverter.Convert(bin, folder.Write("t.bin", Tokenizer()), folder.File("out"));
        using var model = ModelFolder.Open(folder.File("out"));
        float First(string name)
        {
            var tensor = model.Load(name, ScalarType.Float32, CPU);
            return tensor.view(-1)[0].item<float>();
        }

        // The numbers count up through the file.
        var at = 0;
        Assert.Equal(at, First("model.embed_tokens.weight"));
        at += Vocabulary * dim;
        foreach (var (name, rows, columns) in new[]
        {
            ("input_layernorm", 1, dim), ("self_attn.q_proj", dim, dim), ("self_attn.k_proj", keyHeads * size, dim), ("self_attn.v_proj", keyHeads * size, dim),
            ("self_attn.o_proj", dim, dim), ("post_attention_layernorm", 1, dim), ("mlp.gate_proj", hidden, dim), ("mlp.down_proj", dim, hidden), ("mlp.up_proj", hidden, dim),
        })
            for (var layer = 0; layer < layers; layer++, at += rows * columns)
                Assert.Equal(at, First($"model.layers.{layer}.{name}.weight"));
        Assert.Equal(at, First("model.norm.weight"));
        at += dim + length * size;
        Assert.Equal(tied, model.Config.TiedHead);
        if (!tied) Assert.Equal(at, First("lm_head.weight"));

        var query = model.Load("model.layers.0.self_attn.q_proj.weight", ScalarType.Float32, CPU);
        var start = Vocabulary * dim + 2 * dim;
        var expected = (arange(dim * dim, dtype: ScalarType.Float32) + start).reshape(heads, size / 2, 2, dim).transpose(1, 2).reshape(dim, dim);
        Assert.True(expected.Equals(query));
    }

    private static readonly int[] Header = [8, 12, 2, 2, 1, Vocabulary, 6];

    private static readonly (string Name, Func<byte[]> Bin, Func<byte[]> Vocabulary, string Phrase)[] Cases =
    [
        ("empty checkpoint", () => [], () => Tokenizer(), "seven whole numbers"),
        ("header alone", () => Checkpoint(Header, true)[..28], () => Tokenizer(), "the file has 28 (a truncated copy?)"),
        ("truncated", () => Checkpoint(Header, true)[..^1], () => Tokenizer(), "(a truncated copy?)"),
        ("trailing byte", () => [.. Checkpoint(Header, true), 0], () => Tokenizer(), "its header asks for"),
        ("sign of the vocabulary", () => Checkpoint([8, 12, 2, 2, 1, -Vocabulary, 6], true), () => Tokenizer(), "its header asks for"),
        ("newer version", () => [.. "24ka"u8, .. new byte[252]], () => Tokenizer(), "newer version"),
        ("no layers", () => Checkpoint([8, 12, 0, 2, 1, Vocabulary, 6], true), () => Tokenizer(), "n_layers must be from 1"),
        ("negative width", () => Checkpoint([-8, 12, 2, 2, 1, Vocabulary, 6], true), () => Tokenizer(), "dim must be from 1 to 16777216; found -8"),
        ("vocabulary of -2^31", () => Checkpoint([8, 12, 2, 2, 1, int.MinValue, 6], true), () => Tokenizer(), "vocab_size must be from 3"),
        ("sizes that overflow", () => Checkpoint([1 << 24, 1 << 24, 4096, 2, 1, 1 << 24, 1 << 30], true), () => Tokenizer(), "its header asks for"),
        ("heads that do not divide", () => Checkpoint([8, 12, 2, 3, 1, Vocabulary, 6], true), () => Tokenizer(), "dim must be a multiple of n_heads"),
        ("odd heads", () => Checkpoint([6, 12, 2, 2, 1, Vocabulary, 6], true), () => Tokenizer(), "head dimension must be even"),
        ("key heads that do not divide", () => Checkpoint([12, 12, 2, 3, 2, Vocabulary, 6], true), () => Tokenizer(), "multiple of the key/value heads"),
        ("empty vocabulary", () => Checkpoint(Header, true), () => [], "longest piece"),
        ("vocabulary too short", () => Checkpoint(Header, true), () => Tokenizer(count: Vocabulary - 1), $"ends at id {Vocabulary - 1}"),
        ("vocabulary too long", () => Checkpoint(Header, true), () => Tokenizer(count: Vocabulary + 1), "bytes are left over"),
        ("piece beyond the file", () => Checkpoint(Header, true), () => Tokenizer()[..^1], "inside the file"),
        ("piece of negative length", () => Checkpoint(Header, true), () => [0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255], "id 0 claims -1"),
        ("score not finite", () => Checkpoint(Header, true), () => [0, 0, 0, 0, 0, 0, 192, 127, 1, 0, 0, 0, 65], "scores must be finite"),
        ("piece not UTF-8", () => Checkpoint(Header, true), () => Tokenizer(last: [0xFF]), "must be UTF-8"),
        ("piece twice", () => Checkpoint(Header, true), () => Tokenizer(last: "<0x00>"u8.ToArray()), "repeats \"<0x00>\""),
        ("no <s>", () => Checkpoint(Header, true), () => [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 65, 0, 0, 0, 0, 1, 0, 0, 0, 66], "ids 1 and 2 must be <s> and </s>"),
    ];

    public static TheoryData<string> Corpus => [.. Cases.Select(item => item.Name)];

    [Theory, MemberData(nameof(Corpus))]
    public void Every_broken_input_is_refused_and_leaves_no_folder(string name)
    {
        var (_, bin, vocabulary, phrase) = Cases.Single(item => item.Name == name);
        using var folder = new TemporaryFolder();
        var (binPath, vocabularyPath) = (folder.Write("m.bin", bin()), folder.Write("t.bin", vocabulary()));

        var error = Assert.Throws<ModelFileException>(() => Llama2cConverter.Convert(binPath, vocabularyPath, folder.File("out")));

        Assert.Contains(phrase, error.Message);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Empty(Directory.GetDirectories(folder.Path));
    }

    [Fact]
    public void A_folder_that_holds_something_is_not_touched()
    {
        using var folder = new TemporaryFolder();
        var (bin, vocabulary) = (folder.Write("m.bin", Checkpoint(Header, true)), folder.Write("t.bin", Tokenizer()));
        Directory.CreateDirectory(folder.File("out"));

        Llama2cConverter.Convert(bin, vocabulary, folder.File("out"));
        var error = Assert.Throws<ModelFileException>(() => Llama2cConverter.Convert(bin, vocabulary, folder.File("out")));

        Assert.Contains("must be a new or empty folder", error.Message);
        Assert.Equal([folder.File("out")], Directory.GetDirectories(folder.Path));
    }

    /// <summary>A header and as many numbers as small headers need, counting up from zero.</summary>
    private static byte[] Checkpoint(int[] header, bool tied)
    {
        long dim = header[0], hidden = header[1], layers = header[2], vocabulary = Math.Abs((long)header[5]);
        var size = header[3] == 0 ? 0 : dim / header[3];
        var count = vocabulary * dim * (tied ? 1 : 2) + layers * (2 * dim + 2 * dim * dim + 2 * dim * header[4] * size + 3 * dim * hidden) + dim + header[6] * size;
        // Impossible headers get a small body: they must be refused before it matters.
        var numbers = count is > 0 and < 100_000 ? (int)count : 100;
        return [.. header.SelectMany(BitConverter.GetBytes), .. GgufBuilder.Bytes(Enumerable.Range(0, numbers).Select(i => (float)i).ToArray())];
    }

    private static byte[] Tokenizer(int count = Vocabulary, byte[]? last = null)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(7);
        for (var id = 0; id < count; id++)
        {
            var text = id switch { 0 => "<unk>", 1 => "\n<s>\n", 2 => "\n</s>\n", < 259 => $"<0x{id - 3:X2}>", _ => $" t{id}" };
            var bytes = id == count - 1 && last is not null ? last : System.Text.Encoding.UTF8.GetBytes(text);
            writer.Write((float)-id);
            writer.Write(bytes.Length);
            writer.Write(bytes);
        }
        return stream.ToArray();
    }
}
