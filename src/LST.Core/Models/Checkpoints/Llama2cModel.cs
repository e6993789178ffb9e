using System.Buffers.Binary;
using static TorchSharp.torch;

namespace LST.Core.Models.Checkpoints;

/// <summary>
/// A llama2.c checkpoint in the legacy fp32 format: seven int32 (dim, hidden_dim, layers, heads, kv_heads, vocabulary, length), then the weights
/// in a fixed order. A negative vocabulary size means a head of its own.
/// </summary>
internal sealed class Llama2cModel : IDisposable
{
    private const int HeaderBytes = 28;
    private const uint VersionedMagic = 0x616b3432;
    private readonly MappedFile _file;
    private readonly Dictionary<string, (long Offset, long[] Shape)> _places;

    private Llama2cModel(MappedFile file, ModelConfig config, Dictionary<string, (long Offset, long[] Shape)> places) =>
        (_file, Config, _places) = (file, config, places);

    public ModelConfig Config { get; }

    /// <summary>Opens a checkpoint; the header is held against the file's length before anything is allocated.</summary>
    /// <exception cref="ModelFileException">The file is no such checkpoint.</exception>
    public static Llama2cModel Open(string path)
    {
        var file = MappedFile.Open(System.IO.Path.GetFullPath(path));
        try
        {
            var config = ReadHeader(file);
            return new Llama2cModel(file, config, Places(file, config));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>One weight in fp32, under its Hugging Face name; q and k rows half-split.</summary>
    public Tensor Read(string name)
    {
        var (offset, shape) = _places[name];
        var stored = WeightCopy.Read(_file, offset, ScalarType.Float32, shape, ScalarType.Float32, CPU);
        if (!WeightPlan.IsQueryOrKey(name)) return stored;
        using (stored)
        {
            // Rows of a head: (pair, half) in the file, (half, pair) in Hugging Face folders.
            using var pairs = stored.view(-1, Config.HeadDim / 2, 2, shape[1]);
            using var halves = pairs.transpose(1, 2);
            return halves.reshape(shape);
        }
    }

    public void Dispose() => _file.Dispose();

    private static ModelConfig ReadHeader(MappedFile file)
    {
        if (file.Length < HeaderBytes) throw Broken(file, $"it must begin with seven whole numbers, {HeaderBytes} bytes; the file has {file.Length}");
        var header = file.Span(0, HeaderBytes);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) == VersionedMagic) throw Broken(file, "the legacy fp32 format is read; this is a newer version");
        var fields = new int[7];
        for (var i = 0; i < fields.Length; i++) fields[i] = BinaryPrimitives.ReadInt32LittleEndian(header[(4 * i)..]);
        var vocabulary = Math.Abs((long)fields[5]);
        Check(file, "dim", fields[0], 1, 1 << 24);
        Check(file, "hidden_dim", fields[1], 1, 1 << 24);
        Check(file, "n_layers", fields[2], 1, 4_096);
        Check(file, "n_heads", fields[3], 1, 65_536);
        Check(file, "n_kv_heads", fields[4], 1, 65_536);
        Check(file, "vocab_size", vocabulary, 3, 1 << 24);
        Check(file, "seq_len", fields[6], 1, 1 << 30);
        if (fields[0] % fields[3] != 0) throw Broken(file, $"dim must be a multiple of n_heads; found {fields[0]} and {fields[3]}");
        return new ModelConfig
        {
            ModelType = "llama", HiddenSize = fields[0], IntermediateSize = fields[1], Layers = fields[2], QueryHeads = fields[3], KeyValueHeads = fields[4],
            HeadDim = fields[0] / fields[3], VocabularySize = (int)vocabulary, MaxPositions = fields[6], RmsNormEpsilon = 1e-5, TiedHead = fields[5] > 0,
            BosId = 1, EosIds = [2],
        }.Checked(file.Path);
    }

    private static Dictionary<string, (long Offset, long[] Shape)> Places(MappedFile file, ModelConfig config)
    {
        var shapes = WeightPlan.Of(config).ToDictionary(weight => weight.Name, weight => weight.Shape);
        var places = new Dictionary<string, (long Offset, long[] Shape)>();
        Int128 next = HeaderBytes;
        void Place(string name)
        {
            Int128 elements = 1;
            foreach (var size in shapes[name]) elements *= size;
            if (next <= long.MaxValue) places[name] = ((long)next, shapes[name]);
            next += 4 * elements;
        }
        void PlaceLayers(string part)
        {
            for (var layer = 0; layer < config.Layers; layer++) Place($"model.layers.{layer}.{part}.weight");
        }
        Place(WeightPlan.Embedding);
        foreach (var part in new[]
        {
            "input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
            "post_attention_layernorm", "mlp.gate_proj", "mlp.down_proj", "mlp.up_proj",
        }) PlaceLayers(part);
        Place(WeightPlan.FinalNorm);
        // Tables of cosines and sines, [length, D/2] each, which the format still carries.
        next += (Int128)4 * config.MaxPositions * config.HeadDim;
        if (!config.TiedHead) Place(WeightPlan.Head);
        return next == file.Length ? places : throw Broken(file, $"its header asks for {next} bytes; the file has {file.Length} (a truncated copy?)");
    }

    private static void Check(MappedFile file, string field, long value, long least, long most)
    {
        if (value < least || value > most) throw Broken(file, $"{field} must be from {least} to {most}; found {value}");
    }

    private static ModelFileException Broken(MappedFile file, string rule) => new($"{file.Path} is not a valid llama2.c checkpoint: {rule};"
        + " copy the file again.");
}
