namespace LST.Core.Models.Checkpoints;

/// <summary>Finds the weight files of a Hugging Face folder and says what is wrong with a folder that has none.</summary>
internal static class HuggingFaceFolder
{
    private const string SingleFile = "model.safetensors";
    private const string IndexFile = "model.safetensors.index.json";
    private const long MaximumTextBytes = 100_000_000;
    private static readonly string[] PickleEndings = [".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"];

    /// <summary>The weight files (several: in ordinal order of their names) and, for shards, the index's map from tensor to file name.</summary>
    /// <exception cref="ModelFileException">There are no weights that can be read.</exception>
    public static (IReadOnlyList<string> Files, IReadOnlyDictionary<string, string>? Map) FindWeights(string folder)
    {
        // As transformers does: a single file comes before an index.
        var single = System.IO.Path.Combine(folder, SingleFile);
        if (File.Exists(single)) return ([single], null);
        var index = System.IO.Path.Combine(folder, IndexFile);
        if (!File.Exists(index)) throw NoWeights(folder);
        var map = ShardIndex.Read(index);
        var files = map.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(name => System.IO.Path.Combine(folder, name));
        return (files.ToArray(), map);
    }

    public static bool IsPickle(string path) => PickleEndings.Contains(System.IO.Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    public static ModelFileException PickleRefused(string path) =>
        new($"{path} is a pickle file, which can run any program when it is opened, so it is refused; convert it to safetensors first.");

    /// <summary>Text of a small file.</summary>
    /// <exception cref="ModelFileException">It is missing, unreadable or absurdly large.</exception>
    public static string ReadText(string path)
    {
        try
        {
            var length = new FileInfo(path).Length;
            if (length > MaximumTextBytes)
                throw new ModelFileException($"{path} may have at most {MaximumTextBytes} bytes; it has {length}; take the model's published file.");
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelFileException($"{path} is missing; a model folder must hold config.json and safetensors weights.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException($"{path} cannot be read: {error.Message.TrimEnd('.')}; make it readable for this user.", error);
        }
    }

    private static ModelFileException NoWeights(string folder)
    {
        var pickle = Directory.EnumerateFiles(folder).Where(IsPickle).Order(StringComparer.Ordinal).FirstOrDefault();
        return pickle is not null
            ? PickleRefused(pickle)
            : new ModelFileException($"{folder} must hold {SingleFile} or {IndexFile}; it has neither; fetch the model's weights.");
    }
}
