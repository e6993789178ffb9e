using static TorchSharp.torch;

namespace LST.Core.Models.Checkpoints;

/// <summary>
/// A Hugging Face folder: <c>config.json</c>, optional <c>generation_config.json</c>, and <c>model.safetensors</c> or shards with their index.
/// The weights must be exactly those that the config asks for. Two extras are tolerated: <c>*.rotary_emb.inv_freq</c> buffers, which the config
/// determines, and <c>lm_head.weight</c> beside a tied embedding, provided that it repeats the embedding byte for byte (checked when the embedding is loaded).
/// </summary>
public sealed class ModelFolder : IModelFile
{
    private readonly IReadOnlyList<SafetensorsFile> _files;
    private readonly Dictionary<string, SafetensorsFile> _owners;
    private bool _headCompared;

    private ModelFolder(string path, string shortName, ModelConfig config, IReadOnlyList<SafetensorsFile> files, Dictionary<string, SafetensorsFile> owners)
    {
        (Path, ShortName, Config, _files, _owners) = (path, shortName, config, files, owners);
        Weights = WeightPlan.Of(config).Select(weight => Describe(weight.Name)).ToArray();
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public string ShortName { get; }

    /// <inheritdoc/>
    public ModelConfig Config { get; }

    /// <inheritdoc/>
    public IReadOnlyList<WeightInfo> Weights { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, object> Metadata { get; } = new Dictionary<string, object>();

    /// <summary>Opens and checks a folder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="shortName">Name in paths and records; null: the folder's own.</param>
    /// <exception cref="ModelFileException">The folder is not a complete, consistent model; the message says why.</exception>
    public static ModelFolder Open(string path, string? shortName = null)
    {
        var folder = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        if (!Directory.Exists(folder)) throw new ModelFileException($"{folder} must be a folder with a model in it; there is none; check the name.");
        var configPath = System.IO.Path.Combine(folder, "config.json");
        var generationPath = System.IO.Path.Combine(folder, "generation_config.json");
        var config = HuggingFaceConfig.FromJson(
            HuggingFaceFolder.ReadText(configPath),
            File.Exists(generationPath) ? HuggingFaceFolder.ReadText(generationPath) : null,
            configPath);
        var (paths, map) = HuggingFaceFolder.FindWeights(folder);
        var files = new List<SafetensorsFile>();
        try
        {
            files.AddRange(paths.Select(SafetensorsFile.Open));
            var owners = WeightSet.Check(folder, config, files, map);
            return new ModelFolder(folder, shortName ?? System.IO.Path.GetFileName(folder), config, files, owners);
        }
        catch
        {
            foreach (var file in files) file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string WeightsSha256() => WeightHash.Of(_files.Select(file => file.Path).ToArray());

    /// <inheritdoc/>
    public Tensor Load(string name, ScalarType dtype, Device device)
    {
        if (dtype is not (ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float16))
            throw new ArgumentException($"weights load as float32, bfloat16 or float16, not {dtype}", nameof(dtype));
        if (!_owners.TryGetValue(name, out var file) || (Config.TiedHead && name == WeightPlan.Head))
            throw new ModelFileException($"{Path} has no weight {Shown.Quote(name)}; its config asks for {Weights.Count} weights, the first is"
                + $" {Weights[0].Name}.");
        if (name == WeightPlan.Embedding) CompareRedundantHead();
        return file.ReadTensor(name, dtype, device);
    }

    /// <inheritdoc/>
    public void ReleasePages()
    {
        foreach (var file in _files) file.ReleasePages();
    }

    /// <summary>Unmaps the weight files.</summary>
    public void Dispose()
    {
        foreach (var file in _files) file.Dispose();
    }

    private WeightInfo Describe(string name)
    {
        var entry = _owners[name].Entry(name);
        return new WeightInfo(name, entry.Shape, entry.Format, entry.Bytes);
    }

    private void CompareRedundantHead()
    {
        if (_headCompared || !Config.TiedHead || !_owners.TryGetValue(WeightPlan.Head, out var head)) return;
        var embedding = _owners[WeightPlan.Embedding];
        if (!SafetensorsFile.SameBytes(head, head.Entry(WeightPlan.Head), embedding, embedding.Entry(WeightPlan.Embedding)))
            throw new ModelFileException($"{Path}: with tie_word_embeddings true, {WeightPlan.Head} must be absent or equal {WeightPlan.Embedding};"
                + " it differs; set tie_word_embeddings to what the weights were trained with.");
        _headCompared = true;
    }
}
