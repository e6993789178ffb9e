using System.Text.Json;
using LST.Core;
using static TorchSharp.torch;

namespace LST.Evaluation.Verification;

/// <summary>
/// Folders with <c>cases.jsonl</c>, <c>inputs.safetensors</c> and <c>model/</c>: one prompt, and what every compression method makes of it.
/// </summary>
public sealed class PressCases : ICaseSource
{
    /// <inheritdoc/>
    public IEnumerable<CaseResult> Run(VerificationContext context)
    {
        if (!Directory.Exists(context.Folder)) yield break;
        foreach (var inputs in Directory.EnumerateFiles(context.Folder, "inputs.safetensors", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var folder = Path.GetDirectoryName(inputs)!;
            if (!File.Exists(Path.Combine(folder, "cases.jsonl")) || !Directory.Exists(Path.Combine(folder, "model"))) continue;
            var name = Path.GetRelativePath(context.Folder, folder).Replace('\\', '/');
            foreach (var result in RunFolder(folder, name == "." ? Path.GetFileName(folder) : name, context)) yield return result;
        }
    }

    private static IEnumerable<CaseResult> RunFolder(string folder, string name, VerificationContext context)
    {
        PressPrompt? prompt = null;
        string? broken = null;
        try
        {
            prompt = PressPrompt.Open(folder);
        }
        catch (Exception problem) when (problem is LstException or IOException)
        {
            broken = problem.Message;
        }
        if (prompt is null)
        {
            yield return new CaseResult(name, Outcome.Failed, broken!);
            yield break;
        }
        using (prompt)
        {
            yield return Guard($"{name}/dense", prompt.CheckDense);
            foreach (var line in File.ReadLines(Path.Combine(folder, "cases.jsonl")).Where(line => line.Trim().Length > 0))
            {
                context.Cancel.ThrowIfCancellationRequested();
                using var document = JsonDocument.Parse(line);
                var root = document.RootElement;
                var id = $"{name}/{root.GetProperty("id").GetString()}";
                var method = root.GetProperty("method").GetString()!;
                if (PressOptions.Method(method) is not { } entry)
                {
                    yield return new CaseResult(id, Outcome.Skipped, $"method {method} is not built");
                    continue;
                }
                var (spec, missing) = PressOptions.Read(entry, root.GetProperty("options"));
                if (spec is null) yield return new CaseResult(id, Outcome.Skipped, missing!);
                else if (root.GetProperty("options").TryGetProperty("start", out _)) yield return Guard(id, differences => new PressOnlineCheck(prompt, folder, root, spec, differences).Run());
                else yield return Guard(id, differences => new PressCheck(prompt, folder, root, spec, differences).Run());
            }
        }
    }

    private static CaseResult Guard(string name, Action<Differences> check)
    {
        var differences = new Differences();
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        try
        {
            check(differences);
        }
        catch (Exception problem) when (problem is LstException or IOException or KeyNotFoundException or InvalidOperationException or ArgumentException)
        {
            differences.That(false, problem.Message);
        }
        return differences.Result(name);
    }
}
