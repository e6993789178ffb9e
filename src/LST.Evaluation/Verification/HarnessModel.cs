using System.Text.Json;
using LST.Core;
using LST.Core.Models.Checkpoints;

namespace LST.Evaluation.Verification;

/// <summary>Finds the model that a set of the harness was made with: by name and digest, and wherever it lies by digest alone.</summary>
internal static class HarnessModel
{
    private const string Weights = "model.safetensors";

    /// <summary>A folder or a GGUF file.</summary>
    /// <exception cref="DataException">No model has these weights.</exception>
    public static string Find(JsonElement model, string describedIn, VerificationContext context)
    {
        var sha256 = model.GetProperty("weights_sha256").GetString()!;
        var name = model.TryGetProperty("name", out var given) ? given.GetString()! : "";
        foreach (var candidate in new[] { $"{name}/{Weights}", $"{name}.gguf", name, Weights })
            if (candidate.Length > 0 && context.Find(candidate, sha256, describedIn) is { } path) return Model(path);
        if (Known(name, sha256) is { } known) return known;
        return Anywhere(sha256, context) ?? throw new DataException($"model '{name}' with weights of sha256 {sha256[..Math.Min(12, sha256.Length)]}… is not found");
    }

    private static string Model(string path) => path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) ? path : Path.GetDirectoryName(path)!;

    // Models that the project finds by name; weights in several files have one digest together.
    private static string? Known(string name, string sha256)
    {
        try
        {
            using var file = ModelFiles.Open(name);
            return file.WeightsSha256().Equals(sha256, StringComparison.OrdinalIgnoreCase) ? file.Path : null;
        }
        catch (LstException)
        {
            return null;
        }
    }

    private static string? Anywhere(string sha256, VerificationContext context)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        context.FindByName(file =>
        {
            if (file.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) || file.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)) names.Add(file);
            return false;
        });
        foreach (var name in names.Where(name => name.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) || name == Weights))
            if (context.Find(name, sha256) is { } path) return Model(path);
        return null;
    }
}
