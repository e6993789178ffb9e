namespace LST.Evaluation.Verification;

/// <summary>References of benchmarks that this version does not have: named, and not counted.</summary>
public sealed class UnbuiltCases : ICaseSource
{
    /// <inheritdoc/>
    public IEnumerable<CaseResult> Run(VerificationContext context)
    {
        if (!Directory.Exists(context.Folder)) yield break;
        foreach (var path in Directory.EnumerateFiles(context.Folder, "*.json*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var name = Path.GetRelativePath(context.Folder, path).Replace('\\', '/');
            var folder = "/" + Path.GetRelativePath(Path.GetDirectoryName(context.Folder) ?? "", Path.GetDirectoryName(path)!).Replace('\\', '/') + "/";
            var known = folder.Contains("/longbench/", StringComparison.Ordinal) && Path.GetFileName(path) == "cases.jsonl";
            if (known) yield return new CaseResult(name, Outcome.Skipped, "the benchmark is not built");
        }
    }
}
