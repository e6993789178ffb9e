using System.Text.Json;
using LST.Core;
using LST.Core.Models;
using LST.Core.Models.Checkpoints;
using LST.Core.Text;
using static TorchSharp.torch;

namespace LST.Evaluation.Verification;

/// <summary>
/// GGUF references: block formats (<c>quants.json</c> with its tensors), and JSON files that name a <c>.gguf</c> model with logits and greedy ids of given ids,
/// or with rows of texts (ids, losses, top logits, greedy answers) in a file beside.
/// </summary>
public sealed class GgufCases : ICaseSource
{
    private const double QuantTolerance = 1e-6, LogitTolerance = 2e-4;

    /// <inheritdoc/>
    public IEnumerable<CaseResult> Run(VerificationContext context)
    {
        if (!Directory.Exists(context.Folder)) yield break;
        foreach (var path in Directory.EnumerateFiles(context.Folder, "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            context.Cancel.ThrowIfCancellationRequested();
            var name = Path.GetRelativePath(context.Folder, path).Replace('\\', '/')[..^".json".Length];
            using var document = TryParse(path);
            if (document is null || document.RootElement.ValueKind != JsonValueKind.Object) continue;
            var root = document.RootElement;
            if (root.TryGetProperty("formats", out var formats) && root.TryGetProperty("file", out var tensors))
            {
                foreach (var format in formats.EnumerateObject())
                    yield return GgmlFormats.Names.Contains(format.Name) ? Guard($"{name}/{format.Name}", d => CheckFormat(path, tensors.GetString()!, format, context, d))
                        : new CaseResult($"{name}/{format.Name}", Outcome.Skipped, "the format is not built");
            }
            else if (root.TryGetProperty("model", out var model) && model.ValueKind == JsonValueKind.String && model.GetString()!.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
            {
                if (root.TryGetProperty("input_ids", out _)) yield return Guard(name, d => CheckModel(path, root, context, d));
                if (root.TryGetProperty("rows", out var rows))
                    foreach (var result in RunRows(path, name, root, rows.GetString()!, context)) yield return result;
            }
        }
    }

    private static JsonDocument? TryParse(string path)
    {
        // Weights' indexes and tokenizers are JSON too, and large; references are small.
        if (new FileInfo(path).Length > 4 << 20) return null;
        try
        {
            return JsonDocument.Parse(File.ReadAllText(path));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void CheckFormat(string path, string tensors, JsonProperty format, VerificationContext context, Differences differences)
    {
        using var expected = new GoldenTensors(context.Find(tensors, namedIn: path) ?? throw new DataException($"{tensors} is not found"));
        var (rows, columns) = (format.Value.GetProperty("rows").GetInt32(), format.Value.GetProperty("cols").GetInt32());
        var blocks = expected.Bytes($"{format.Name}.raw");
        var reference = expected.Floats($"{format.Name}.values");
        var bytes = blocks.Length / rows;
        var decoded = new float[columns];
        for (var row = 0; row < rows; row++)
        {
            GgmlFormats.Decode(format.Name, blocks.AsSpan(row * bytes, bytes), decoded);
            var wanted = reference.AsSpan(row * columns, columns);
            var largest = 0f;
            foreach (var value in wanted) largest = Math.Max(largest, Math.Abs(value));
            for (var i = 0; i < columns; i++) differences.Number("values (of the row's largest)", Math.Abs(decoded[i] - wanted[i]) / Math.Max(largest, float.Epsilon), QuantTolerance);
        }
    }

    private static void CheckModel(string path, JsonElement root, VerificationContext context, Differences differences)
    {
        using var file = GgufFile.Open(Found(path, root, context));
        using var model = LanguageModel.Load(file, float32, CPU);
        using var expected = new GoldenTensors(context.Find(root.GetProperty("expected").GetString()!, namedIn: path) ?? throw new DataException($"{root.GetProperty("expected")} is not found"));
        var ids = Longs(root.GetProperty("input_ids"));
        var tolerance = root.TryGetProperty("tolerance", out var given) && given.ValueKind == JsonValueKind.Number ? given.GetDouble() : LogitTolerance;
        using var cache = model.NewCache(1);
        var logits = model.Logits(model.Run(tensor(ids, 1, ids.Length), cache))[0];
        differences.Absolute("logits", expected.Float("logits"), logits, tolerance);
        differences.Exact("greedy ids", Longs(root.GetProperty("greedy_ids")), GgufRow.Greedy(model, cache, logits[ids.Length - 1], root.GetProperty("greedy_ids").GetArrayLength()));
        if (root.TryGetProperty("bos", out var bos)) differences.Exact("bos", [bos.GetInt64()], [file.Config.BosId ?? -1]);
    }

    private static IEnumerable<CaseResult> RunRows(string path, string name, JsonElement root, string rows, VerificationContext context)
    {
        LanguageModel? model = null;
        ITokenizer? tokenizer = null;
        string? problem = null;
        var bos = -1;
        try
        {
            using var file = GgufFile.Open(Found(path, root, context));
            tokenizer = TokenizerFiles.FromGguf(file.Metadata);
            model = LanguageModel.Load(file, float32, CPU, cancel: context.Cancel);
            bos = file.Config.BosId ?? tokenizer.BosId ?? -1;
        }
        catch (LstException exception)
        {
            problem = exception.Message;
        }
        using var loaded = model;
        var source = context.Find(rows, namedIn: path);
        if (source is null || model is null)
        {
            yield return new CaseResult(name, Outcome.Failed, problem ?? $"{rows} is not found");
            yield break;
        }
        foreach (var line in File.ReadLines(source).Where(line => line.Trim().Length > 0))
        {
            context.Cancel.ThrowIfCancellationRequested();
            using var row = JsonDocument.Parse(line);
            yield return Guard($"{name}/{row.RootElement.GetProperty("id").GetString()}",
                d => new GgufRow(model, tokenizer!, bos, row.RootElement, root.GetProperty("tolerance"), d).Check());
        }
    }

    private static string Found(string path, JsonElement root, VerificationContext context)
    {
        var wanted = root.GetProperty("model").GetString()!;
        var sha256 = root.TryGetProperty("sha256", out var digest) ? digest.GetString() : null;
        return context.Find(wanted, sha256, path) ?? throw new DataException(sha256 is null ? $"{wanted} is not found" : $"{wanted} with sha256 {sha256[..12]}… is not found");
    }

    private static long[] Longs(JsonElement array) => [.. array.EnumerateArray().Select(item => item.GetInt64())];

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
