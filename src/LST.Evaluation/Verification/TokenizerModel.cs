using System.Text.Json;
using LST.Core;
using LST.Core.Text;

namespace LST.Evaluation.Verification;

/// <summary>The tokenizer that a file of reference rows is about, found through what the files beside it say.</summary>
/// <param name="Tokenizer">The opened tokenizer.</param>
/// <param name="BosId">Its BOS, or the summary's where its own files name none.</param>
internal sealed record TokenizerModel(ITokenizer Tokenizer, int? BosId)
{
    /// <exception cref="TokenizerException">No file says where it is, or it cannot be opened.</exception>
    internal static TokenizerModel Open(
        string name, string folder, VerificationContext context, Func<string, IReadOnlyDictionary<string, object>> readGgufMetadata)
    {
        var summaryFile = Path.Combine(folder, "summary.json");
        var entry = ReadObject(summaryFile) is { } summary && summary.TryGetProperty("tokenizers", out var all) ? Property(all, name) : null;
        var path = ModelFile(name, folder, entry, context);
        var bos = entry is { } known && Property(known, "bos") is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out var id)
            ? id
            : (int?)null;
        var tokenizer = path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)
            ? TokenizerFiles.FromGguf(readGgufMetadata(path))
            : TokenizerFiles.FromFile(path, SpecialTokens(name, folder, context));
        return new TokenizerModel(tokenizer, tokenizer.BosId ?? bos);
    }

    /// <summary>The object in a JSON file; null when the file is absent or holds no object.</summary>
    internal static JsonElement? ReadObject(string path)
    {
        if (!File.Exists(path)) return null;
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException error)
        {
            throw new TokenizerException($"{path}: it has to be JSON, but it breaks in line {error.LineNumber + 1}; copy it again.", error);
        }
    }

    // In this order: what summary.json says; a file of that name beside the rows; a description NAME.json of another part of the set; a GGUF file called so.
    private static string ModelFile(string name, string folder, JsonElement? entry, VerificationContext context)
    {
        var rows = Path.Combine(folder, name + ".jsonl");
        if (entry is { } known && Text(known, "model_file") is { } stated)
            return context.Find(stated, Text(known, "sha256") ?? Text(known, "model_sha256"), rows) ??
                throw new TokenizerException($"{name}: the model file '{stated}' of summary.json was not found; put it below the verified folder, its " +
                    "parent's data folder, or LST_DATA.");

        string[] usual = [$"{name}.tokenizer.json", $"{name}.tokenizer.model", $"{name}.gguf", $"{name}/tokenizer.model", $"{name}/tokenizer.json"];
        foreach (var beside in usual)
            if (File.Exists(Path.Combine(folder, beside))) return Path.Combine(folder, beside);

        if (context.Find($"gguf/{name}.json") is { } description && ReadObject(description) is { } described && Text(described, "model") is { } model &&
            context.Find(model, Text(described, "sha256"), description) is { } found)
            return found;

        return context.FindByName(IsGgufOfThatName) ??
            throw new TokenizerException($"{name}: neither summary.json nor a file beside the rows names its model file, and no GGUF file is called " +
                "so; add 'model_file' to summary.json.");

        bool IsGgufOfThatName(string file) =>
            file.StartsWith(name, StringComparison.OrdinalIgnoreCase) && file.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase);
    }

    private static Dictionary<string, int>? SpecialTokens(string name, string folder, VerificationContext context)
    {
        var file = context.Find($"{name}.special_tokens.json", sha256: null, Path.Combine(folder, name + ".jsonl"));
        if (file is null || ReadObject(file) is not { } tokens) return null;
        var ids = new Dictionary<string, int>();
        foreach (var token in tokens.EnumerateObject())
            ids[token.Name] = token.Value.ValueKind == JsonValueKind.Number && token.Value.TryGetInt32(out var id)
                ? id
                : throw new TokenizerException($"{file}: special tokens map names to ids, but '{token.Name}' has no whole number.");
        return ids;
    }

    private static JsonElement? Property(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : null;

    private static string? Text(JsonElement element, string name) =>
        Property(element, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
}
