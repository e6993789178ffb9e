using System.Globalization;
using System.Text.Json;
using LST.Core.Caching;
using LST.Core.Models;
using LST.Core.Text;
using static TorchSharp.torch;

namespace LST.Evaluation.Verification;

/// <summary>One text under a GGUF model: its ids, losses, largest logits and greedy answer.</summary>
internal sealed class GgufRow(LanguageModel model, ITokenizer tokenizer, int bosId, JsonElement row, JsonElement tolerance, Differences differences)
{
    public void Check()
    {
        var text = row.GetProperty("text").GetString()!;
        var parsed = row.TryGetProperty("parse_special", out var special) && special.GetBoolean();
        var withBos = row.TryGetProperty("bos", out var bos) && bos.GetBoolean();
        long[] ids = [.. withBos ? [bosId] : Array.Empty<long>(), .. tokenizer.Encode(text, parsed).Select(id => (long)id)];
        long[] expected = [.. row.GetProperty("ids").EnumerateArray().Select(id => id.GetInt64())];
        // References of long texts hold the first ids only.
        differences.Exact("ids", expected, ids.AsSpan(0, Math.Min(ids.Length, expected.Length)));

        using var scope = NewDisposeScope();
        using var cache = model.NewCache(1, expected.Length);
        var logits = model.Logits(model.Run(tensor(expected, 1, expected.Length), cache))[0].to(float32);
        if (row.TryGetProperty("nll", out var nll)) CheckLosses(logits, expected, [.. nll.EnumerateArray().Select(x => x.GetDouble())]);
        if (row.TryGetProperty("top5", out var top)) CheckTop(logits, top);
        if (row.TryGetProperty("greedy_ids", out var greedy)) CheckGreedy(cache, logits[expected.Length - 1], [.. greedy.EnumerateArray().Select(id => id.GetInt64())]);
    }

    /// <summary>Argmax continuation from the logits [V] behind what the cache holds.</summary>
    public static long[] Greedy(LanguageModel model, KvCache cache, Tensor logits, int steps)
    {
        List<long> chosen = [];
        while (true)
        {
            chosen.Add(logits.argmax().item<long>());
            if (chosen.Count == steps) return [.. chosen];
            logits = model.Logits(model.Run(tensor(new[] { chosen[^1] }, 1, 1), cache))[0, 0];
        }
    }

    private void CheckLosses(Tensor logits, long[] ids, double[] expected)
    {
        var wanted = tensor(ids[1..]).unsqueeze(1);
        var rows = logits.narrow(0, 0, ids.Length - 1);
        var losses = rows.logsumexp(1) - rows.gather(1, wanted).squeeze(1);
        differences.Absolute("nll", tensor(expected, float64), losses, tolerance.GetProperty("nll").GetDouble());
        if (row.TryGetProperty("nll_sum", out var sum))
            differences.Number("nll sum", Math.Abs(losses.to(float64).sum().item<double>() - sum.GetDouble()), tolerance.GetProperty("nll_sum").GetDouble());
    }

    private void CheckTop(Tensor logits, JsonElement top)
    {
        foreach (var position in top.EnumerateObject())
        {
            var at = long.Parse(position.Name, CultureInfo.InvariantCulture);
            foreach (var pair in position.Value.EnumerateArray())
                differences.Number("logits", Math.Abs(logits[at, pair[0].GetInt64()].item<float>() - pair[1].GetDouble()), tolerance.GetProperty("logits").GetDouble());
            differences.Exact($"top id at {at}", [position.Value[0][0].GetInt64()], [logits[at].argmax().item<long>()]);
        }
    }

    private void CheckGreedy(KvCache cache, Tensor logits, long[] expected)
    {
        var ids = Greedy(model, cache, logits, expected.Length);
        differences.Exact("greedy ids", expected, ids);
        if (!row.TryGetProperty("greedy_text", out var text)) return;
        var decoded = tokenizer.Decode([.. ids.Select(id => (int)id)], skipSpecial: true);
        differences.That(decoded == text.GetString(), $"greedy text is '{decoded}'");
    }
}
