using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using LST.Core.Models.Checkpoints;
using static TorchSharp.torch;

namespace LST.Core.Training;

/// <summary>
/// Checkpoints of a run: folders <c>checkpoints/step-NNNNNN</c> with <c>state.safetensors</c> and, written last, <c>manifest.json</c> with its digest. Made beside and renamed; the
/// newest whose manifest verifies is taken, the two newest are kept.
/// </summary>
internal sealed class TrainingCheckpoint(string outputFolder)
{
    private const int Kept = 2;
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    private string Folder => Path.Combine(outputFolder, "checkpoints");

    public sealed record Manifest(int Version, int Step, string Fingerprint, string Sha256, ValidationResult? Best, IReadOnlyList<ValidationResult> Validations);

    /// <summary>A checkpoint whose digest is right.</summary>
    public sealed record Found(string Folder, Manifest Manifest);

    /// <summary>Writes the state and removes all but the newest ones.</summary>
    public void Write(TrainingState state, string fingerprint)
    {
        Directory.CreateDirectory(Folder);
        var target = Path.Combine(Folder, $"step-{state.Step:000000}");
        if (Directory.Exists(target)) Directory.Delete(target, recursive: true);
        AtomicFolder.Write(target, folder =>
        {
            var file = Path.Combine(folder, "state.safetensors");
            using (no_grad()) SafetensorsWriter.Write(file, state.Tensors);
            var manifest = new Manifest(1, state.Step, fingerprint, Digest(file), state.Best, state.Validations);
            AtomicFile.Write(Path.Combine(folder, "manifest.json"), stream => JsonSerializer.Serialize(stream, manifest, Json));
        });
        // Older ones, and what a process that was killed while it wrote has left.
        foreach (var old in Folders().Skip(Kept).Concat(Directory.GetDirectories(Folder, "*.tmp"))) Directory.Delete(old, recursive: true);
    }

    /// <summary>The newest checkpoint that verifies; null: none.</summary>
    /// <param name="fingerprint">What decides the run.</param>
    /// <param name="warn">Told about those that are passed over.</param>
    /// <exception cref="UsageException">It is one of a run with other options.</exception>
    public Found? Find(string fingerprint, Action<string> warn)
    {
        foreach (var folder in Folders())
        {
            if (ManifestOf(folder, warn) is not { } manifest) continue;
            if (manifest.Fingerprint != fingerprint)
                throw new UsageException($"{outputFolder} holds checkpoints of a run with other options, data, model, threads or seed; name another --output-dir, or remove the folder to start anew");
            return new Found(folder, manifest);
        }
        return null;
    }

    /// <summary>Puts a checkpoint into a state of the same options.</summary>
    public static void Load(Found found, TrainingState state)
    {
        using var file = SafetensorsFile.Open(Path.Combine(found.Folder, "state.safetensors"));
        using var noGradients = no_grad();
        foreach (var (name, tensor) in state.Tensors)
        {
            using var stored = file.ReadTensor(name, tensor.dtype, tensor.device);
            tensor.copy_(stored);
        }
        state.Validations.Clear();
        state.Validations.AddRange(found.Manifest.Validations);
        state.Restore(found.Manifest.Step, found.Manifest.Best);
    }

    private static Manifest? ManifestOf(string folder, Action<string> warn)
    {
        try
        {
            var manifest = JsonSerializer.Deserialize<Manifest>(File.ReadAllBytes(Path.Combine(folder, "manifest.json")), Json);
            if (manifest is { Version: 1 } && Digest(Path.Combine(folder, "state.safetensors")) == manifest.Sha256) return manifest;
            warn($"checkpoint {Path.GetFileName(folder)} is damaged (its digest differs) and is passed over");
        }
        catch (Exception error) when (error is IOException or JsonException or UnauthorizedAccessException)
        {
            warn($"checkpoint {Path.GetFileName(folder)} cannot be read ({error.Message.TrimEnd('.')}) and is passed over");
        }
        return null;
    }

    private static string Digest(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    // Newest first; folders that are still being written have other names.
    private IEnumerable<string> Folders() => !Directory.Exists(Folder) ? [] :
        [.. Directory.GetDirectories(Folder, "step-*").Where(path => StepOf(path) is not null).OrderByDescending(StepOf)];

    private static int? StepOf(string path) => int.TryParse(Path.GetFileName(path)["step-".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : null;
}
