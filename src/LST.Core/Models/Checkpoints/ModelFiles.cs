namespace LST.Core.Models.Checkpoints;

/// <summary>Opens a model by path, by one of our names, or by hub name. Nothing is ever downloaded here.</summary>
public static class ModelFiles
{
    /// <summary>Opens what <see cref="Resolve"/> finds.</summary>
    /// <param name="nameOrPath">A Hugging Face folder, a <c>.gguf</c> file, a name (<c>lst-ref</c>, <c>smollm2</c>) or a hub name (<c>org/name</c>).</param>
    /// <exception cref="UsageException">Nothing of that name is known; the message lists where it was looked for.</exception>
    /// <exception cref="ModelFileException">It is there, but cannot be read as a model.</exception>
    public static IModelFile Open(string nameOrPath) => Open(Resolve(nameOrPath));

    /// <summary>Opens a model that was resolved before.</summary>
    /// <exception cref="ModelFileException">It cannot be read as a model.</exception>
    public static IModelFile Open(ModelLocation location)
    {
        if (Directory.Exists(location.Path)) return ModelFolder.Open(location.Path, location.ShortName);
        if (HuggingFaceFolder.IsPickle(location.Path)) throw HuggingFaceFolder.PickleRefused(location.Path);
        if (!location.Path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
            throw new ModelFileException($"{location.Path} must be a Hugging Face folder or a .gguf file; it is neither;"
                + " name the folder that holds config.json.");
        return GgufFile.Open(location.Path, location.ShortName);
    }

    /// <summary>Finds a model: a path as it is; a name in the project's <c>data/models</c>, <c>LST_MODELS</c>, <c>LST_DATA/models</c>,
    /// <c>../shared/data/models</c>; a hub name under <c>LST_MODELS</c> and in the Hugging Face cache.</summary>
    /// <exception cref="UsageException">Nothing of that name is known.</exception>
    /// <exception cref="ModelFileException">One of our own names, but the model is not on this machine.</exception>
    public static ModelLocation Resolve(string nameOrPath) => ModelSearch.OfThisProcess().Find(nameOrPath);
}
