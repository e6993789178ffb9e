namespace LST.Core.Models.Checkpoints;

/// <summary>Reads <c>model.safetensors.index.json</c>: which shard holds which tensor.</summary>
internal static class ShardIndex
{
    /// <summary>Tensor name to shard file name; every file name is plain and exists in the folder.</summary>
    /// <exception cref="ModelFileException">The index is malformed, leaves the folder, or names a missing shard.</exception>
    public static IReadOnlyDictionary<string, string> Read(string path)
    {
        var fields = JsonFields.Parse(HuggingFaceFolder.ReadText(path), path);
        var map = fields.Child("weight_map") ?? throw new ModelFileException($"{path}: \"weight_map\" is missing; fetch the index again.");
        var folder = System.IO.Path.GetDirectoryName(path)!;
        var shards = new Dictionary<string, string>(StringComparer.Ordinal);
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in map.Members())
        {
            if (shards.Count == SafetensorsHeader.MaximumTensors)
                throw new ModelFileException($"{path}: weight_map may name at most {SafetensorsHeader.MaximumTensors} tensors; it names more.");
            var file = map.TextOrNull(member.Name) ?? throw map.Missing(member.Name);
            if (known.Add(file)) CheckShard(path, folder, file);
            shards.Add(member.Name, file);
        }
        if (shards.Count == 0) throw new ModelFileException($"{path}: weight_map must name at least one tensor; it is empty; fetch the index again.");
        return shards;
    }

    private static void CheckShard(string path, string folder, string file)
    {
        // Both separators on every system: an index must mean the same everywhere.
        if (file.AsSpan().ContainsAny("/\\:\0") || !file.EndsWith(".safetensors", StringComparison.Ordinal) || file.Length > 255)
            throw new ModelFileException($"{path}: shards must be plain names of .safetensors files beside the index; found {Shown.Quote(file)};"
                + " fetch the index again.");
        if (!File.Exists(System.IO.Path.Combine(folder, file)))
            throw new ModelFileException($"{path}: every shard must lie beside the index; {file} is missing; fetch it again.");
    }
}
