namespace LST.Core.Models.Checkpoints;

/// <summary>Holds the weights of a folder against its config and index: nothing missing, nothing unexpected, every shape as asked.</summary>
internal static class WeightSet
{
    private static readonly string[] WeightFormats = ["F32", "BF16", "F16"];

    /// <summary>Weight name to the file that holds it.</summary>
    public static Dictionary<string, SafetensorsFile> Check(
        string folder, ModelConfig config, IReadOnlyList<SafetensorsFile> files, IReadOnlyDictionary<string, string>? map)
    {
        var owners = Owners(folder, files);
        if (map is not null) CheckMap(folder, owners, map);
        var asked = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, shape) in WeightPlan.Of(config))
        {
            asked.Add(name);
            if (!owners.TryGetValue(name, out var owner)) throw Missing(folder, config, name);
            CheckEntry(folder, owner.Entry(name), shape);
        }
        foreach (var (name, owner) in owners)
        {
            if (asked.Contains(name) || WeightPlan.IsIgnorable(name)) continue;
            if (name != WeightPlan.Head) throw Unexpected(folder, name);
            // A redundant head beside a tied embedding: same form here, same bytes when the embedding is loaded.
            var embedding = owners[WeightPlan.Embedding].Entry(WeightPlan.Embedding);
            var head = owner.Entry(name);
            if (head.Format != embedding.Format || !head.Shape.SequenceEqual(embedding.Shape))
                throw new ModelFileException($"{folder}: with tie_word_embeddings true, {name} must be absent or equal {WeightPlan.Embedding};"
                    + " its type or shape differs; set tie_word_embeddings to what the weights were trained with.");
        }
        return owners;
    }

    private static Dictionary<string, SafetensorsFile> Owners(string folder, IReadOnlyList<SafetensorsFile> files)
    {
        var owners = new Dictionary<string, SafetensorsFile>(StringComparer.Ordinal);
        foreach (var file in files)
            foreach (var name in file.Entries.Keys)
                if (!owners.TryAdd(name, file))
                    throw new ModelFileException($"{folder}: a tensor must stand in one shard;"
                        + $" {Shown.Quote(name)} stands in {FileName(owners[name])} and {FileName(file)}; fetch the shards again.");
        return owners;
    }

    private static void CheckMap(string folder, Dictionary<string, SafetensorsFile> owners, IReadOnlyDictionary<string, string> map)
    {
        foreach (var (name, shard) in map)
        {
            if (!owners.TryGetValue(name, out var owner))
                throw new ModelFileException($"{folder}: every tensor of the index must stand in a shard; {Shown.Quote(name)} is missing from {shard};"
                    + " fetch that shard again.");
            if (FileName(owner) != shard)
                throw new ModelFileException($"{folder}: a tensor must stand in the shard that the index names;"
                    + $" {Shown.Quote(name)} should be in {shard} and is in {FileName(owner)}; fetch index and shards again.");
        }
        foreach (var name in owners.Keys)
            if (!map.ContainsKey(name) && !WeightPlan.IsIgnorable(name))
                throw new ModelFileException($"{folder}: every tensor of a shard must stand in the index;"
                    + $" {Shown.Quote(name)} of {FileName(owners[name])} does not; fetch index and shards again.");
    }

    private static void CheckEntry(string folder, SafetensorsEntry entry, long[] shape)
    {
        if (!WeightFormats.Contains(entry.Format))
            throw new ModelFileException($"{folder}: weights must be {string.Join(", ", WeightFormats)}; {entry.Name} is {entry.Format};"
                + " take the unquantised model or a GGUF file.");
        if (!entry.Shape.SequenceEqual(shape))
            throw new ModelFileException($"{folder}: {entry.Name} must have the shape {Shown.Shape(shape)} that config.json asks for;"
                + $" found {Shown.Shape(entry.Shape)}; config and weights belong to different models.");
    }

    private static ModelFileException Missing(string folder, ModelConfig config, string name) => new(name == WeightPlan.Head
        ? $"{folder}: {name} is missing, though config.json does not tie it (tie_word_embeddings is not true); fetch the weights again or correct the config."
        : $"{folder}: {name} is missing from the weights; the config asks for {config.Layers} layers of a {config.ModelType} model; fetch the weights again.");

    private static ModelFileException Unexpected(string folder, string name) =>
        new($"{folder}: weights must be those that config.json asks for; {Shown.Quote(name)} is unexpected, and leaving it out would change the model;"
            + " check the config.");

    private static string FileName(SafetensorsFile file) => System.IO.Path.GetFileName(file.Path);
}
