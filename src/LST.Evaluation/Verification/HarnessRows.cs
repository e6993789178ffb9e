using System.Text.Json;
using LST.Core;
using LST.Evaluation.Benchmarks.ZeroShot;
using LST.Evaluation.Benchmarks.ZeroShot.Rolling;
using LST.Evaluation.Verification.Metrics;

namespace LST.Evaluation.Verification;

/// <summary>Rows of one file of a set, checked in their order: examples are drawn from row to row. What was computed is kept for the scores over the file.</summary>
internal sealed class HarnessRows(HarnessSet set)
{
    private const double TokenTolerance = 1e-3, PerplexityTolerance = 1e-3;

    private FewShotSampler? sampler;
    private IReadOnlyList<ZeroShotDocument> scored = [];

    /// <summary>The task of the rows; null: pairs, rolling documents, or no row was read.</summary>
    public ZeroShotTask? Task { get; private set; }

    /// <summary>Scores of the items.</summary>
    public List<ChoiceScores> Items { get; } = [];

    /// <summary>Log-likelihood of each item's first request.</summary>
    public List<double> LogLikelihoods { get; } = [];

    /// <summary>Rolling documents.</summary>
    public List<RollingDocument> Documents { get; } = [];

    /// <summary>How far a log-likelihood may be off.</summary>
    public static double Tolerance(double expected) => 1e-3 + (1e-5 * Math.Abs(expected));

    public void Check(string line, Differences differences, CancellationToken cancel)
    {
        using var document = JsonDocument.Parse(line);
        var row = document.RootElement;
        if (row.TryGetProperty("page", out _)) CheckRolling(row, differences, cancel);
        else if (row.TryGetProperty("requests", out _)) CheckItem(row, differences, cancel);
        else CheckPair(row, differences, cancel);
    }

    private void CheckItem(JsonElement row, Differences differences, CancellationToken cancel)
    {
        Begin(row);
        var number = row.GetProperty("doc_id").GetInt32();
        if (number < 0 || number >= scored.Count) throw new DataException($"doc_id {number} is outside of the {scored.Count} items that may be scored");
        var item = sampler!.Next(scored[number]);
        Text(differences, row.GetProperty("item_id").ToString(), item.ItemId, "item_id");
        differences.That(row.TryGetProperty("gold", out var gold) == item.Gold is not null && (item.Gold is null || gold.GetInt32() == item.Gold), $"gold is {item.Gold}");
        if (row.TryGetProperty("fewshot_ids", out var shown)) Text(differences, string.Join(' ', shown.EnumerateArray()), string.Join(' ', item.FewShotIds), "fewshot_ids");
        var (contexts, requests) = (row.GetProperty("contexts"), row.GetProperty("requests"));
        if (requests.GetArrayLength() != item.Requests.Count) throw new DataException($"{item.Requests.Count} requests, expected {requests.GetArrayLength()}");
        EncodedPair[] pairs = [.. item.Requests.Select(set.Encoder.Encode)];
        for (var i = 0; i < pairs.Length; i++)
        {
            var context = contexts[requests[i].GetProperty("context").GetInt32()];
            Text(differences, context.GetProperty("text").GetString(), item.Requests[i].Context, $"context of request {i}");
            Text(differences, requests[i].GetProperty("continuation").GetString(), item.Requests[i].Continuation, $"continuation {i}");
            CheckIds(differences, context.GetProperty("ids"), requests[i].GetProperty("continuation_ids"), requests[i], pairs[i]);
        }
        var scores = set.Scorer.Score(pairs, cancel);
        for (var i = 0; i < scores.Length; i++) CheckScore(differences, requests[i], scores[i]);
        var result = ChoiceScores.Of(item, scores);
        Items.Add(result);
        LogLikelihoods.Add(scores[0].LogLikelihood);
        if (row.TryGetProperty("acc", out var acc)) differences.Number("acc", Math.Abs(acc.GetDouble() - result.Acc), 0);
        if (row.TryGetProperty("acc_norm", out var normalized)) differences.Number("acc_norm", Math.Abs(normalized.GetDouble() - result.AccNorm), 0);
    }

    private void Begin(JsonElement row)
    {
        if (sampler is not null) return;
        Task = ZeroShotTask.Of(row.GetProperty("task").GetString()!);
        var examples = row.TryGetProperty("num_fewshot", out var given) ? given.GetInt32() : 0;
        var all = set.Items(Task.Name).Documents;
        (scored, var pool) = examples == 0 ? (all, []) : FewShotSampler.HoldBack(all, set.HeldBack);
        sampler = new FewShotSampler(Task, pool, examples, set.FewShotSeed);
    }

    private void CheckPair(JsonElement row, Differences differences, CancellationToken cancel)
    {
        var pair = set.Encoder.Encode(row.GetProperty("context").GetString()!, row.GetProperty("continuation").GetString()!);
        CheckIds(differences, row.GetProperty("context_ids"), row.GetProperty("continuation_ids"), row, pair);
        CheckScore(differences, row, set.Scorer.Score([pair], cancel)[0]);
    }

    private void CheckRolling(JsonElement row, Differences differences, CancellationToken cancel)
    {
        var found = set.Rolling.Score(row.GetProperty("page").GetString()!, cancel);
        Documents.Add(found);
        Text(differences, row.GetProperty("scored_text").GetString(), found.ScoredText, "scored text");
        differences.Exact("ids", Longs(row.GetProperty("ids")), Longs(found.Ids));
        var windows = row.GetProperty("windows");
        if (windows.GetArrayLength() != found.Windows.Count) throw new DataException($"{found.Windows.Count} windows, expected {windows.GetArrayLength()}");
        for (var w = 0; w < found.Windows.Count; w++)
        {
            differences.Exact($"context of window {w}", Longs(windows[w].GetProperty("context_ids")), Longs(found.Windows[w].Context));
            differences.Exact($"targets of window {w}", Longs(windows[w].GetProperty("target_ids")), Longs(found.Windows[w].Targets));
            LogLikelihood(differences, windows[w].GetProperty("loglik").GetDouble(), found.WindowLogLikelihoods[w], "window");
        }
        LogLikelihood(differences, row.GetProperty("loglik").GetDouble(), found.LogLikelihood, "document");
        differences.Exact("words, bytes", [row.GetProperty("words").GetInt64(), row.GetProperty("bytes").GetInt64()], [found.Words, found.Bytes]);
        CheckRolling(row, RollingScores.Of([found]), differences);
    }

    /// <summary>The three numbers of documents.</summary>
    public static void CheckRolling(JsonElement expected, RollingScores found, Differences differences)
    {
        foreach (var (name, value) in new[] { ("word_perplexity", found.WordPerplexity), ("byte_perplexity", found.BytePerplexity), ("bits_per_byte", found.BitsPerByte) })
            differences.Number($"{name} (relative)", Math.Abs((value / expected.GetProperty(name).GetDouble()) - 1), PerplexityTolerance);
    }

    private void CheckIds(Differences differences, JsonElement context, JsonElement continuation, JsonElement request, EncodedPair pair)
    {
        differences.Exact("context ids", Longs(context), Longs(pair.Context));
        differences.Exact("continuation ids", Longs(continuation), Longs(pair.Continuation));
        differences.Exact("left_truncated", [request.TryGetProperty("left_truncated", out var cut) ? cut.GetInt64() : 0], [pair.LeftTruncated(set.MaxLength)]);
    }

    private static void CheckScore(Differences differences, JsonElement request, ContinuationScore score)
    {
        LogLikelihood(differences, request.GetProperty("loglik").GetDouble(), score.LogLikelihood, "request");
        differences.That(request.GetProperty("is_greedy").GetBoolean() == score.IsGreedy, $"is_greedy is {score.IsGreedy}");
        if (!request.TryGetProperty("token_logprobs", out var tokens)) return;
        if (tokens.GetArrayLength() != score.TokenLogProbs.Count) throw new DataException($"{score.TokenLogProbs.Count} token_logprobs, expected {tokens.GetArrayLength()}");
        for (var i = 0; i < score.TokenLogProbs.Count; i++) differences.Number("token", Math.Abs(tokens[i].GetDouble() - score.TokenLogProbs[i]), TokenTolerance);
    }

    private static void LogLikelihood(Differences differences, double expected, double found, string what) => differences.Number($"log-likelihood of a {what}", Math.Abs(expected - found), Tolerance(expected));

    private static void Text(Differences differences, string? expected, string found, string what)
    {
        if (MetricDifference.Text(expected, found, what) is { } difference) differences.That(false, difference);
    }

    private static long[] Longs(JsonElement list) => [.. list.EnumerateArray().Select(value => value.GetInt64())];

    private static long[] Longs(int[] ids) => [.. ids.Select(id => (long)id)];
}
