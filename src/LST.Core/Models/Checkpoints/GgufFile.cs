using TorchSharp;
using static TorchSharp.torch;

namespace LST.Core.Models.Checkpoints;

/// <summary>
/// A GGUF file (versions 2 and 3) of the architectures <c>llama</c> and <c>qwen2</c>. Weights appear under their Hugging Face names and are decoded on load,
/// row by row into the asked type. The q and k rows of <c>llama</c> files, which are stored for interleaved RoPE pairs, come back in half-split order.
/// </summary>
public sealed class GgufFile : IModelFile
{
    private readonly MappedFile _file;
    private readonly GgufHeader _header;

    private GgufFile(MappedFile file, GgufHeader header, ModelConfig config, string shortName)
    {
        (_file, _header, Config, ShortName) = (file, header, config, shortName);
        Weights = WeightPlan.Of(config).Select(weight => Describe(weight.Name)).ToArray();
    }

    /// <inheritdoc/>
    public string Path => _file.Path;

    /// <inheritdoc/>
    public string ShortName { get; }

    /// <inheritdoc/>
    public ModelConfig Config { get; }

    /// <inheritdoc/>
    public IReadOnlyList<WeightInfo> Weights { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, object> Metadata => _header.Metadata;

    /// <summary>Opens and checks a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="shortName">Name in paths and records; null: the file's name without its ending.</param>
    /// <exception cref="ModelFileException">The file is missing, malformed, or no complete model of a known architecture.</exception>
    public static GgufFile Open(string path, string? shortName = null)
    {
        var file = MappedFile.Open(System.IO.Path.GetFullPath(path));
        try
        {
            var header = GgufHeader.Read(file);
            var config = GgufConfig.Read(file, header);
            CheckWeights(file, header, config);
            return new GgufFile(file, header, config, shortName ?? System.IO.Path.GetFileNameWithoutExtension(file.Path));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string WeightsSha256() => WeightHash.Of([Path]);

    /// <inheritdoc/>
    public Tensor Load(string name, ScalarType dtype, Device device)
    {
        if (dtype is not (ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float16))
            throw new ArgumentException($"weights load as float32, bfloat16 or float16, not {dtype}", nameof(dtype));
        if (Weights.All(weight => weight.Name != name))
            throw new ModelFileException($"{Path} has no weight {Shown.Quote(name)}; its metadata ask for {Weights.Count} weights, the first is"
                + $" {Weights[0].Name}.");
        var tensor = _header.Tensors[GgufNames.Of(name)];
        var interleaved = Config.ModelType == "llama" && WeightPlan.IsQueryOrKey(name);
        if (interleaved && tensor.Shape.Length == 1) return LoadInterleavedBias(tensor, dtype, device);
        return interleaved
            ? WeightDecoder.ReadRows(_file, tensor, StoredRow, dtype, device)
            : WeightDecoder.Read(_file, tensor.Offset, tensor.Format, tensor.Shape, dtype, device);
    }

    /// <inheritdoc/>
    public void ReleasePages() => _file.ReleaseAll();

    /// <summary>Unmaps the file.</summary>
    public void Dispose() => _file.Dispose();

    // Row (head, half, pair) of the half-split order is row (head, pair, half) of the file.
    private long StoredRow(long row)
    {
        long size = Config.HeadDim, half = size / 2;
        var (head, inside) = (row / size, row % size);
        return head * size + inside % half * 2 + inside / half;
    }

    private Tensor LoadInterleavedBias(GgufTensor tensor, ScalarType dtype, Device device)
    {
        using var stored = WeightDecoder.Read(_file, tensor.Offset, tensor.Format, tensor.Shape, ScalarType.Float32, CPU);
        using var order = torch.tensor(Enumerable.Range(0, (int)tensor.Columns).Select(row => StoredRow(row)).ToArray());
        using var ordered = stored.index_select(0, order);
        return ordered.to(dtype, device, copy: true);
    }

    private WeightInfo Describe(string name)
    {
        var tensor = _header.Tensors[GgufNames.Of(name)];
        return new WeightInfo(name, tensor.Shape, tensor.Format.Name, tensor.Bytes);
    }

    private static void CheckWeights(MappedFile file, GgufHeader header, ModelConfig config)
    {
        var asked = new HashSet<string>(StringComparer.Ordinal) { GgufNames.RopeFactors };
        foreach (var (name, shape) in WeightPlan.Of(config))
        {
            var stored = GgufNames.Of(name);
            asked.Add(stored);
            if (!header.Tensors.TryGetValue(stored, out var tensor))
                throw new ModelFileException($"{file.Path}: {stored} is missing; the metadata ask for {config.Layers} layers of a {config.ModelType}"
                    + " model; copy or convert the file again.");
            if (!tensor.Shape.SequenceEqual(shape))
                throw new ModelFileException($"{file.Path}: {stored} must have the shape {Shown.Shape(shape)} that the metadata ask for;"
                    + $" found {Shown.Shape(tensor.Shape)} (outermost first); copy or convert the file again.");
        }
        foreach (var name in header.Tensors.Keys)
            if (!asked.Contains(name))
                throw new ModelFileException($"{file.Path}: tensors must be those that the metadata ask for;"
                    + $" {Shown.Quote(name)} is unexpected, and leaving it out would change the model; such a model cannot be run here.");
    }
}
