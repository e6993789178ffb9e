using LST.Core.Models.Checkpoints;
using LST.Core.Sidecar.Networks;
using static TorchSharp.torch;

namespace LST.Core.Sidecar;

/// <summary>Sidecars on disk: a safetensors file whose metadata entry <c>lst</c> holds the options as JSON (docs/sidecar-format.md).</summary>
public static class SidecarFile
{
    private const string ConfigKey = "lst", MeanName = "input.mean", DeviationName = "input.deviation";

    /// <summary>Told the path of every file that was opened as a sidecar, whoever asked for it: a notebook's copy names what was really read.</summary>
    public static event Action<string>? Opened;

    /// <summary>Writes a sidecar atomically; parameters in bfloat16 unless asked otherwise, the input scale in float32.</summary>
    /// <exception cref="ModelFileException">The disk refuses.</exception>
    public static void Write(string path, SidecarModule sidecar, ScalarType dtype = ScalarType.BFloat16)
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var tensors = sidecar.Parameters.Select(p => KeyValuePair.Create(p.Key, p.Value.detach().to(dtype)))
            .Append(KeyValuePair.Create(MeanName, sidecar.Scale.Mean)).Append(KeyValuePair.Create(DeviationName, sidecar.Scale.Deviation));
        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string> { [ConfigKey] = sidecar.Config.ToJson(), ["format"] = "pt" });
    }

    /// <summary>Reads only the options.</summary>
    /// <exception cref="SidecarException">Not a sidecar.</exception>
    public static SidecarConfig ReadConfig(string path)
    {
        using var file = Open(path);
        return Config(file);
    }

    /// <summary>Reads a sidecar; every tensor that its options ask for must be there in its shape, and no other.</summary>
    /// <exception cref="SidecarException">Not a sidecar, or tensors that its options do not ask for.</exception>
    public static SidecarModule Read(string path)
    {
        using var file = Open(path);
        var config = Config(file);
        var shapes = SuperTokenNetworks.Shapes(config);
        long[] scale = [config.Model.Layers, config.Model.KeyValueHeads, 2L * config.Model.HeadDim];
        var expected = shapes.Select(shape => (shape.Name, shape.Shape)).Append((MeanName, scale)).Append((DeviationName, scale)).ToList();
        foreach (var (name, shape) in expected)
        {
            if (!file.Entries.TryGetValue(name, out var entry))
                throw new SidecarException($"{path}: a sidecar of its options has a tensor '{name}', found none; the file is incomplete: make it again with ./lst train");
            if (!entry.Shape.SequenceEqual(shape) || !IsFloating(entry.Format))
                throw new SidecarException($"{path}: tensor '{name}' must be a floating [{string.Join(", ", shape)}] by its options, found {entry.Format} [{string.Join(", ", entry.Shape)}]");
        }
        if (file.Entries.Keys.Except(expected.Select(e => e.Item1)).FirstOrDefault() is { } extra)
            throw new SidecarException($"{path}: tensor '{extra}' is not part of a sidecar of its options; the file was made by another version: make it again with ./lst train");
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var read = expected.ToDictionary(e => e.Item1, e => Finite(path, e.Item1, file.ReadTensor(e.Item1, float32)));
        if (!(read[DeviationName].min().item<float>() > 0))
            throw new SidecarException($"{path}: tensor '{DeviationName}' divides the inputs and must be positive everywhere; the file is damaged: make it again with ./lst train");
        // Only when all are there do they leave the scope: a refused file leaves nothing behind.
        foreach (var tensor in read.Values) tensor.DetachFromDisposeScope();
        return new SidecarModule(config, shapes.ToDictionary(shape => shape.Name, shape => read[shape.Name]), new InputScale(read[MeanName], read[DeviationName]));
    }

    private static bool IsFloating(string format) => format is "F64" or "F32" or "F16" or "BF16";

    private static Tensor Finite(string path, string name, Tensor read)
    {
        using var scope = NewDisposeScope();
        return read.isfinite().all().item<bool>() ? read : throw new SidecarException($"{path}: tensor '{name}' holds numbers that are not finite; the training diverged or the file is damaged");
    }

    private static SafetensorsFile Open(string path)
    {
        if (HuggingFaceFolder.IsPickle(path))
            throw new SidecarException($"{path}: a pickle file can run code when it is read and is refused; a sidecar is a .safetensors file, as ./lst train writes it");
        if (!File.Exists(path)) throw new SidecarException($"{path}: there is no such sidecar file; give the path of a .safetensors file that ./lst train wrote");
        try
        {
            var file = SafetensorsFile.Open(path);
            Opened?.Invoke(path);
            return file;
        }
        catch (ModelFileException error)
        {
            throw new SidecarException(error.Message, error);
        }
    }

    private static SidecarConfig Config(SafetensorsFile file) => file.Metadata.TryGetValue(ConfigKey, out var json)
        ? SidecarConfig.FromJson(json, file.Path)
        : throw new SidecarException($"{file.Path}: its metadata has no entry '{ConfigKey}', so that it is no sidecar; give a file that ./lst train wrote");
}
