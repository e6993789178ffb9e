using System.Text.Json;
using LST.Core.Text;

namespace LST.Core.Tests.Text;

/// <summary>Reference ids of the shared goldens, and the comparison of a tokenizer with them.</summary>
internal static class GoldenRows
{
    public static IEnumerable<JsonElement> Read(string name)
    {
        foreach (var line in File.ReadLines(Shared.Require($"goldens/tokenizers/{name}.jsonl")))
            if (line.Length > 0) yield return JsonDocument.Parse(line).RootElement.Clone();
    }

    public static int[] Ids(this JsonElement row, string field) => [.. row.GetProperty(field).EnumerateArray().Select(id => id.GetInt32())];

    /// <summary>Every field of every row; the failing ones are listed.</summary>
    public static void Check(ITokenizer tokenizer, string name)
    {
        var failures = new List<string>();
        var rows = 0;
        foreach (var row in Read(name))
        {
            rows++;
            var (id, text) = (row.GetProperty("id").GetString(), row.GetProperty("text").GetString()!);
            if (!tokenizer.Encode(text).SequenceEqual(row.Ids("ids"))) failures.Add($"{id} ids");
            if (!new[] { tokenizer.BosId ?? -1 }.Concat(tokenizer.Encode(text)).SequenceEqual(row.Ids("ids_bos"))) failures.Add($"{id} ids_bos");
            if (!tokenizer.Encode(text, parseSpecial: true).SequenceEqual(row.Ids("ids_special"))) failures.Add($"{id} ids_special");
            if (tokenizer.Decode(row.Ids("ids")) != row.GetProperty("decoded").GetString()) failures.Add($"{id} decoded");
        }
        Assert.Empty(failures);
        Assert.True(rows > 200);
    }

    /// <summary>Every row of NAME.decode.jsonl, against the fields given.</summary>
    public static void CheckDecoding(ITokenizer tokenizer, string name, string decoded = "decoded", string skipped = "decoded_skip_special")
    {
        var failures = new List<string>();
        var number = 0;
        foreach (var row in Read(name + ".decode"))
        {
            number++;
            var ids = row.Ids("ids");
            if (tokenizer.Decode(ids) != row.GetProperty(decoded).GetString()) failures.Add($"{number}: '{tokenizer.Decode(ids)}'");
            if (row.TryGetProperty(skipped, out var without) && tokenizer.Decode(ids, skipSpecial: true) != without.GetString())
                failures.Add($"{number}, special ones skipped: '{tokenizer.Decode(ids, skipSpecial: true)}'");
        }
        Assert.Empty(failures);
        Assert.True(number > 20);
    }

    /// <summary>llama.cpp's vectors: strings between separator lines, ids line by line.</summary>
    public static void CheckVectors(ITokenizer tokenizer, string folder)
    {
        var inputs = File.ReadAllText(Shared.Require($"data/tokenizers/{folder}/llama.cpp-test-vectors.inp")).Split("\n__ggml_vocab_test__\n");
        var outputs = File.ReadAllText(Shared.Require($"data/tokenizers/{folder}/llama.cpp-test-vectors.out")).Split('\n');
        Assert.True(inputs.Length > 40);
        for (var i = 0; i < inputs.Length && i < outputs.Length; i++)
        {
            var expected = outputs[i].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).ToArray();
            Assert.Equal(expected, tokenizer.Encode(inputs[i]));
        }
    }
}
