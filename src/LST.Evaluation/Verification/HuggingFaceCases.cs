using System.Text.Json;
using LST.Core;
using LST.Core.Models;
using LST.Core.Models.Checkpoints;
using static TorchSharp.torch;

namespace LST.Evaluation.Verification;

/// <summary>
/// Folders with <c>case.json</c> and <c>config.json</c>: a checkpoint and what transformers computes from it (logits, hidden states, keys, values,
/// attention, losses, greedy ids, and segments over compressed caches at true positions).
/// </summary>
public sealed class HuggingFaceCases : ICaseSource
{
    /// <inheritdoc/>
    public IEnumerable<CaseResult> Run(VerificationContext context)
    {
        if (!Directory.Exists(context.Folder)) yield break;
        foreach (var description in Directory.EnumerateFiles(context.Folder, "case.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            context.Cancel.ThrowIfCancellationRequested();
            var folder = Path.GetDirectoryName(description)!;
            if (File.Exists(Path.Combine(folder, "config.json"))) yield return RunFolder(folder, Path.GetRelativePath(context.Folder, folder).Replace('\\', '/'), context);
        }
    }

    private static CaseResult RunFolder(string folder, string name, VerificationContext context)
    {
        var differences = new Differences();
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "case.json")));
            var description = document.RootElement;
            var expectedName = description.TryGetProperty("expected", out var given) ? given.GetString()! : "expected.safetensors";
            var expectedPath = context.Find(expectedName, namedIn: Path.Combine(folder, "case.json")) ?? throw new DataException($"{expectedName} is not found");
            using var expected = new GoldenTensors(expectedPath);
            using var file = ModelFolder.Open(folder);
            CheckOtherForm(folder, file.Config, differences);
            using (var model = LanguageModel.Load(file, float32, CPU)) new HuggingFaceCheck(model, description, expected, differences).Run();
            if (expected.Has("logits_bf16"))
            {
                using var half = LanguageModel.Load(file, bfloat16, CPU);
                CheckBfloat16(half, description, expected, differences);
            }
        }
        catch (Exception problem) when (problem is LstException or IOException or JsonException or KeyNotFoundException)
        {
            differences.That(false, problem.Message);
        }
        return differences.Result(name);
    }

    private static void CheckOtherForm(string folder, ModelConfig config, Differences differences)
    {
        var other = Path.Combine(folder, "config.other-form.json");
        if (!File.Exists(other)) return;
        var read = HuggingFaceConfig.FromJson(File.ReadAllText(other), source: "config.other-form.json");
        differences.That(JsonSerializer.Serialize(read) == JsonSerializer.Serialize(config), "config.other-form.json does not give the same model");
    }

    private static void CheckBfloat16(LanguageModel model, JsonElement description, GoldenTensors expected, Differences differences)
    {
        var tolerance = description.GetProperty("tolerance").GetProperty("bf16");
        using var cache = model.NewCache((int)expected.Long("input_ids").shape[0]);
        var logits = model.Logits(model.Run(expected.Long("input_ids"), cache)).to(float32);
        var difference = (logits - expected.Float("logits")).abs();
        differences.Number("bf16 logits max", difference.max().to(float64).item<double>(), tolerance.GetProperty("max_abs").GetDouble());
        differences.Number("bf16 logits mean", difference.mean().to(float64).item<double>(), tolerance.GetProperty("mean_abs").GetDouble());
    }
}
