using System.Text.Json;
using LST.Core;
using LST.Core.Text;

namespace LST.Evaluation.Verification;

/// <summary>
/// Reference ids of tokenizers. A folder of this layout is named <c>tokenizers</c> or has a <c>summary.json</c> with an object <c>tokenizers</c>; it holds
/// <c>NAME.jsonl</c> (text → ids) and <c>NAME.decode.jsonl</c> (ids → text), each one case. Vectors of llama.cpp beside a tokenizer's file are cases too.
/// </summary>
/// <param name="readGgufMetadata">Reads the metadata of a GGUF file.</param>
public sealed class TokenizerCases(Func<string, IReadOnlyDictionary<string, object>> readGgufMetadata) : ICaseSource
{
    private const string Summary = "summary.json";
    private const string DecodeEnding = ".decode";
    private const string VectorInputs = "llama.cpp-test-vectors.inp";
    private const string VectorOutputs = "llama.cpp-test-vectors.out";

    /// <inheritdoc/>
    public IEnumerable<CaseResult> Run(VerificationContext context)
    {
        foreach (var folder in Folders(context.Folder, depth: 4))
        {
            if (IsTokenizerFolder(folder))
                foreach (var result in RunFolder(folder, context)) yield return result;
            var vectors = Path.Combine(folder, VectorInputs);
            if (!File.Exists(vectors)) continue;
            context.Cancel.ThrowIfCancellationRequested();
            yield return Guarded(context.Shown(vectors), () =>
                TokenizerRows.CheckVectors(TokenizerFiles.ForFolder(folder), vectors, Path.Combine(folder, VectorOutputs)));
        }
    }

    private IEnumerable<CaseResult> RunFolder(string folder, VerificationContext context)
    {
        var files = Directory.EnumerateFiles(folder, "*.jsonl").Order(StringComparer.Ordinal).ToList();
        foreach (var group in files.GroupBy(Name))
        {
            var model = new Lazy<TokenizerModel>(() => TokenizerModel.Open(group.Key, folder, context, readGgufMetadata));
            foreach (var file in group)
            {
                context.Cancel.ThrowIfCancellationRequested();
                yield return Guarded(context.Shown(file), () => IsDecodeFile(file)
                    ? TokenizerRows.CheckDecoding(model.Value.Tokenizer, file)
                    : TokenizerRows.CheckEncoding(model.Value.Tokenizer, model.Value.BosId, file));
            }
        }
    }

    private static CaseResult Guarded(string name, Func<(bool Passed, string Detail)> check)
    {
        try
        {
            var (passed, detail) = check();
            return new CaseResult(name, passed ? Outcome.Passed : Outcome.Failed, detail);
        }
        catch (Exception error) when (error is LstException or IOException or UnauthorizedAccessException or JsonException)
        {
            return new CaseResult(name, Outcome.Failed, error.Message);
        }
    }

    private static string Name(string file)
    {
        var name = Path.GetFileNameWithoutExtension(file);
        return IsDecodeFile(file) ? name[..^DecodeEnding.Length] : name;
    }

    private static bool IsDecodeFile(string file) => Path.GetFileNameWithoutExtension(file).EndsWith(DecodeEnding, StringComparison.Ordinal);

    private static bool IsTokenizerFolder(string folder) =>
        Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)) == "tokenizers" ||
        TokenizerModel.ReadObject(Path.Combine(folder, Summary))?.TryGetProperty("tokenizers", out _) == true;

    private static IEnumerable<string> Folders(string folder, int depth)
    {
        yield return folder;
        if (depth == 0) yield break;
        foreach (var inner in Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal))
            foreach (var found in Folders(inner, depth - 1)) yield return found;
    }
}
