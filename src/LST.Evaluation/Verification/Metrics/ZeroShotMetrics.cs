using System.Text.Json;
using LST.Evaluation.Benchmarks.ZeroShot;
using LST.Evaluation.Benchmarks.ZeroShot.Rolling;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Statistics;
using static LST.Evaluation.Verification.Metrics.MetricDifference;

namespace LST.Evaluation.Verification.Metrics;

/// <summary>Metric lines of likelihood tasks and perplexities.</summary>
internal static class ZeroShotMetrics
{
    public static IReadOnlyDictionary<string, MetricCheck> All { get; } = new Dictionary<string, MetricCheck>(StringComparer.Ordinal)
    {
        ["hellaswag_preprocess"] = (inputs, expected, _) => Text(expected, HellaSwagText.Process(inputs.GetProperty("text").GetString()!)),
        ["hellaswag_doc"] = HellaSwag,
        ["winogrande_requests"] = (inputs, expected, _) => Requests("winogrande", inputs, expected),
        ["arc_requests"] = (inputs, expected, _) => Requests("arc_easy", inputs, expected),
        ["piqa_requests"] = (inputs, expected, _) => Requests("piqa", inputs, expected),
        ["openbookqa_requests"] = (inputs, expected, _) => Requests("openbookqa", inputs, expected),
        ["encode_pair"] = EncodePair,
        ["mc_score"] = Choices,
        ["mean_stderr"] = (inputs, expected, _) => StandardErrors.Mean(Doubles(inputs, "values")) is var found
            ? First(Number(expected.GetProperty("mean"), found.Mean, "mean"), Number(expected.GetProperty("stderr"), found.StandardError ?? double.NaN, "stderr")) : null,
        ["pooled_stderr"] = (inputs, expected, _) => Number(expected, StandardErrors.Pooled(Doubles(inputs, "stderrs"), Ints(inputs.GetProperty("sizes")))),
        ["paired_compare"] = Paired,
        ["wikitext_detokenizer"] = (inputs, expected, _) => Text(expected, WikiTextDetokenizer.Detokenize(inputs.GetProperty("page").GetString()!)),
        ["wikitext_counts"] = (inputs, expected, _) => WikiTextPages.Count(inputs.GetProperty("page").GetString()!) is var found
            ? First(Number(expected.GetProperty("words"), found.Words, "words"), Number(expected.GetProperty("bytes"), found.Bytes, "bytes")) : null,
        ["weighted_perplexity"] = (inputs, expected, _) => Number(expected, RollingScores.Weighted(Weighted(inputs))),
        ["bits_per_byte"] = (inputs, expected, _) => Number(expected, RollingScores.Bits(Weighted(inputs))),
        ["rolling_windows"] = Windows,
        ["blocked_token_ppl"] = (inputs, expected, _) => BlockedPerplexity.Of(Doubles(inputs, "token_nll"), inputs.GetProperty("block").GetInt32()) is var found
            ? First(Number(expected.GetProperty("ppl"), found.Perplexity, "ppl"), Number(expected.GetProperty("blocks"), found.Blocks, "blocks"), Number(expected.GetProperty("scored_tokens"), found.ScoredTokens, "scored_tokens")) : null,
    };

    private static string? HellaSwag(JsonElement inputs, JsonElement expected, VerificationContext context)
    {
        var item = Item("hellaswag", inputs);
        return First(Text(expected.GetProperty("query"), item.Requests[0].Context, "query"), MetricDifference.Texts(expected.GetProperty("choices"), item.Choices, "choices"), Number(expected.GetProperty("gold"), item.Gold!.Value, "gold"));
    }

    private static string? Requests(string task, JsonElement inputs, JsonElement expected)
    {
        var item = Item(task, inputs);
        var wanted = expected.GetProperty("requests");
        if (wanted.GetArrayLength() != item.Requests.Count) return $"{item.Requests.Count} requests, expected {wanted.GetArrayLength()}";
        var different = wanted.EnumerateArray().Zip(item.Requests, (request, found) => First(
            Text(request.GetProperty("context"), found.Context, "context"), Text(request.GetProperty("continuation"), found.Continuation, "continuation"))).FirstOrDefault(difference => difference is not null);
        return different ?? Number(expected.GetProperty("gold"), item.Gold!.Value, "gold");
    }

    // A tokenizer of the line's own: BOS 0, then the longest word of the list that fits, a character as 1000 and its code point.
    private static string? EncodePair(JsonElement inputs, JsonElement expected, VerificationContext context)
    {
        string[] words = [.. inputs.GetProperty("vocab").EnumerateArray().Select(word => word.GetString()!)];
        var pair = new PairEncoder(Encode, prefixId: 0, words[0]).Encode(inputs.GetProperty("context").GetString()!, inputs.GetProperty("continuation").GetString()!);
        return First(Ids(expected.GetProperty("context_ids"), pair.Context, "context_ids"), Ids(expected.GetProperty("continuation_ids"), pair.Continuation, "continuation_ids"));

        int[] Encode(string text)
        {
            var ids = new List<int>();
            for (var i = 0; i < text.Length;)
            {
                var longest = Enumerable.Range(1, words.Length - 1).Where(w => text.AsSpan(i).StartsWith(words[w], StringComparison.Ordinal)).OrderByDescending(w => words[w].Length).FirstOrDefault();
                ids.Add(longest > 0 ? longest : 1000 + char.ConvertToUtf32(text, i));
                i += longest > 0 ? words[longest].Length : char.IsSurrogatePair(text, i) ? 2 : 1;
            }
            return [.. ids];
        }
    }

    private static string? Choices(JsonElement inputs, JsonElement expected, VerificationContext context)
    {
        var found = ChoiceScores.Of([.. inputs.GetProperty("choices").EnumerateArray().Select(choice => choice.GetString()!)], Doubles(inputs, "loglik"), inputs.GetProperty("gold").GetInt32());
        return First(Number(expected.GetProperty("acc"), found.Acc, "acc"), Number(expected.GetProperty("acc_norm"), found.AccNorm, "acc_norm"), Number(expected.GetProperty("acc_bytes"), found.AccBytes, "acc_bytes"));
    }

    private static string? Paired(JsonElement inputs, JsonElement expected, VerificationContext context)
    {
        var found = PairedComparison.Of(Doubles(inputs, "a"), Doubles(inputs, "b"));
        return First(Number(expected.GetProperty("mean_diff"), found.MeanDifference, "mean_diff"), Number(expected.GetProperty("stderr_diff"), found.StandardError ?? double.NaN, "stderr_diff"),
            Number(expected.GetProperty("a_only"), found.AOnly, "a_only"), Number(expected.GetProperty("b_only"), found.BOnly, "b_only"), Number(expected.GetProperty("mcnemar_exact_p"), found.McNemarP, "mcnemar_exact_p"));
    }

    private static string? Windows(JsonElement inputs, JsonElement expected, VerificationContext context)
    {
        var windows = RollingWindows.Of(Ints(inputs.GetProperty("tokens")), inputs.GetProperty("prefix_token").GetInt32(), inputs.GetProperty("max_seq_len").GetInt32(), inputs.GetProperty("context_len").GetInt32());
        return First(Same("windows", window => window.Inputs), Same("disjoint", window => window.Context));

        string? Same(string form, Func<RollingWindow, int[]> inputsOf)
        {
            var wanted = expected.GetProperty(form);
            return wanted.GetArrayLength() != windows.Count ? $"{windows.Count} {form}, expected {wanted.GetArrayLength()}"
                : wanted.EnumerateArray().Zip(windows, (pair, window) => First(Ids(pair[0], inputsOf(window), $"{form} inputs"), Ids(pair[1], window.Targets, $"{form} targets"))).FirstOrDefault(difference => difference is not null);
        }
    }

    private static ZeroShotDocument Item(string task, JsonElement item) => ZeroShotCatalog.Item(ZeroShotTask.Of(task), item, docId: 0, "the line's inputs");

    private static (double, double)[] Weighted(JsonElement inputs) => [.. inputs.GetProperty("items_loglik_weight").EnumerateArray().Select(item => (item[0].GetDouble(), item[1].GetDouble()))];

    private static double[] Doubles(JsonElement inputs, string name) => [.. inputs.GetProperty(name).EnumerateArray().Select(value => value.GetDouble())];

    private static int[] Ints(JsonElement list) => [.. list.EnumerateArray().Select(value => value.GetInt32())];
}
