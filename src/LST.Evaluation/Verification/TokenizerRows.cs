using System.Text.Json;
using LST.Core.Text;

namespace LST.Evaluation.Verification;

/// <summary>Compares a tokenizer with one file of reference rows; everything is exact.</summary>
internal static class TokenizerRows
{
    private const int MostListed = 8;

    /// <summary>Rows of <c>NAME.jsonl</c>: <c>ids</c>, <c>ids_bos</c>, <c>ids_special</c>, <c>decoded</c>, those that a row has.</summary>
    internal static (bool Passed, string Detail) CheckEncoding(ITokenizer tokenizer, int? bos, string file) => Check(file, row =>
    {
        if (!row.TryGetProperty("text", out var textField) || textField.GetString() is not { } text) return ["no text"];
        var wrong = new List<string>();
        var ids = tokenizer.Encode(text);
        if (Ids(row, "ids") is { } expected && !ids.AsSpan().SequenceEqual(expected)) wrong.Add("ids");
        if (Ids(row, "ids_bos") is { } withBos && (bos is null || !new[] { bos.Value }.Concat(ids).SequenceEqual(withBos))) wrong.Add("ids_bos");
        if (Ids(row, "ids_special") is { } special && !tokenizer.Encode(text, parseSpecial: true).AsSpan().SequenceEqual(special)) wrong.Add("ids_special");
        if (row.TryGetProperty("decoded", out var decoded) && tokenizer.Decode(Ids(row, "ids") ?? ids) != decoded.GetString()) wrong.Add("decoded");
        return wrong;
    });

    /// <summary>Rows of <c>NAME.decode.jsonl</c>: <c>ids</c> → <c>decoded</c>, <c>decoded_skip_special</c>.</summary>
    internal static (bool Passed, string Detail) CheckDecoding(ITokenizer tokenizer, string file) => Check(file, row =>
    {
        if (Ids(row, "ids") is not { } ids) return ["no ids"];
        var wrong = new List<string>();
        if (row.TryGetProperty("decoded", out var decoded) && tokenizer.Decode(ids) != decoded.GetString()) wrong.Add("decoded");
        if (row.TryGetProperty("decoded_skip_special", out var skipped) && tokenizer.Decode(ids, skipSpecial: true) != skipped.GetString())
            wrong.Add("decoded_skip_special");
        return wrong;
    });

    /// <summary>llama.cpp's vectors: texts between separator lines, and one line of ids for each (the last, empty one may be left out).</summary>
    internal static (bool Passed, string Detail) CheckVectors(ITokenizer tokenizer, string inputs, string outputs)
    {
        var texts = File.ReadAllText(inputs).Split("\n__ggml_vocab_test__\n");
        var lines = File.ReadAllText(outputs).Split('\n');
        var expected = lines.Take(texts.Length).ToList();
        if (expected.Count < texts.Length) return (false, $"{texts.Length} texts, but {expected.Count} lines of ids");
        var failures = new List<string>();
        for (var i = 0; i < texts.Length; i++)
            if (!tokenizer.Encode(texts[i]).Select(id => id.ToString()).SequenceEqual(expected[i].Split(' ', StringSplitOptions.RemoveEmptyEntries)))
                failures.Add($"text {i + 1}");
        return Result(failures, texts.Length, "texts");
    }

    private static (bool Passed, string Detail) Check(string file, Func<JsonElement, IReadOnlyList<string>> compare)
    {
        var failures = new List<string>();
        int rows = 0, number = 0;
        foreach (var line in File.ReadLines(file))
        {
            number++;
            if (line.Length == 0) continue;
            rows++;
            var (name, wrong) = CheckRow(line, number, compare);
            if (wrong.Count > 0) failures.Add($"{name} ({string.Join(", ", wrong)})");
        }
        return rows == 0 ? (false, "the file has no rows") : Result(failures, rows, "rows");
    }

    private static (string Name, IReadOnlyList<string> Wrong) CheckRow(string line, int number, Func<JsonElement, IReadOnlyList<string>> compare)
    {
        var name = $"line {number}";
        try
        {
            using var document = JsonDocument.Parse(line);
            var row = document.RootElement;
            if (row.ValueKind != JsonValueKind.Object) return (name, ["no object"]);
            if (row.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String) name = id.GetString()!;
            return (name, compare(row));
        }
        catch (JsonException)
        {
            return (name, ["not JSON"]);
        }
        catch (InvalidOperationException)
        {
            return (name, ["a field of another kind"]);
        }
        catch (LST.Core.TokenizerException error)
        {
            return (name, [error.Message]);
        }
    }

    private static int[]? Ids(JsonElement row, string field) =>
        row.TryGetProperty(field, out var ids) ? [.. ids.EnumerateArray().Select(id => id.TryGetInt32(out var value) ? value : -1)] : null;

    private static (bool Passed, string Detail) Result(List<string> failures, int count, string what) => failures.Count == 0
        ? (true, $"{count} {what}")
        : (false, $"{failures.Count} of {count} {what} differ: {string.Join("; ", failures.Take(MostListed))}{(failures.Count > MostListed ? "; …" : "")}");
}
