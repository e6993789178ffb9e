using System.Text.Json;
using LST.Core;
using LST.Evaluation.Benchmarks.ZeroShot;
using LST.Evaluation.Benchmarks.ZeroShot.Rolling;
using LST.Evaluation.Statistics;

namespace LST.Evaluation.Verification;

/// <summary>Scores of one task of a set: over the rows of a file, or over a whole data file.</summary>
/// <param name="set">The set.</param>
/// <param name="name">The task, and its examples where it has some: <c>arc_easy.5shot</c>.</param>
/// <param name="expected">What the harness reported.</param>
/// <param name="differences">Takes what differs.</param>
internal sealed class HarnessSummary(HarnessSet set, string name, JsonElement expected, Differences differences)
{
    private const double MeanTolerance = 1e-9, PerplexityTolerance = 1e-3, BootstrapTolerance = 1e-2, SumTolerance = 1e-5;
    private const string RollingTask = "wikitext";

    // Items whose requests are held at a time.
    private const int PartItems = 256;

    /// <summary>Against what the rows gave.</summary>
    public void OfRows(HarnessRows? rows)
    {
        if (rows is null) throw new DataException($"the set has no {name}.jsonl");
        if (rows.Task is null) OfDocuments(rows.Documents);
        else Scores(TaskScores.Of(rows.Task, rows.Items, rows.LogLikelihoods, set.Replicates));
    }

    /// <summary>Against the first documents of the data file.</summary>
    public void OfFile(CancellationToken cancel)
    {
        var task = name.Split('.')[0];
        if (task == RollingTask)
        {
            OfDocuments([.. Limited(Pages(set.DataFile(task))).Select(page => set.Rolling.Score(page, cancel))]);
            return;
        }
        var examples = expected.TryGetProperty("num_fewshot", out var given) ? given.GetInt32() : 0;
        var (items, first, sum) = (new List<(ZeroShotDocument Item, ChoiceScores Scores)>(), new List<double>(), 0.0);
        foreach (var part in set.Prompted(task, examples, Limited).Chunk(PartItems))
        {
            EncodedPair[] pairs = [.. part.SelectMany(item => item.Requests).Select(set.Encoder.Encode)];
            var scores = set.Scorer.Score(pairs, cancel).AsMemory();
            sum += scores.ToArray().Sum(score => score.LogLikelihood);
            foreach (var item in part)
            {
                var own = scores[..item.Requests.Count].ToArray();
                items.Add((item, ChoiceScores.Of(item, own)));
                first.Add(own[0].LogLikelihood);
                scores = scores[item.Requests.Count..];
            }
        }
        differences.Number("sum_loglik (relative)", Math.Abs((sum / expected.GetProperty("sum_loglik").GetDouble()) - 1), SumTolerance);
        var close = expected.TryGetProperty("close", out var list) ? list.EnumerateArray().Select(i => i.GetInt32()).ToHashSet() : [];
        Digits("gold", [.. items.Select(i => i.Item.Gold ?? 0)], []);
        var plain = Digits("pred", [.. items.Select(i => i.Scores.Chosen)], close);
        var normalized = Digits("pred_norm", [.. items.Select(i => i.Scores.ChosenNormalized)], close);
        Digits("greedy", [.. items.Select(i => (int)i.Scores.Acc)], []);
        // Choices that hang on less than the tolerance are taken as the reference took them.
        ChoiceScores[] taken = [.. items.Select((i, n) => i.Scores with
        {
            Acc = plain is null || i.Item.Gold is null ? i.Scores.Acc : plain[n] == i.Item.Gold ? 1 : 0,
            AccNorm = normalized is null || i.Item.Gold is null ? i.Scores.AccNorm : normalized[n] == i.Item.Gold ? 1 : 0,
        })];
        Scores(TaskScores.Of(ZeroShotTask.Of(task), taken, first, set.Replicates));
    }

    private IEnumerable<T> Limited<T>(IReadOnlyList<T> all) => expected.TryGetProperty("n", out var n) ? all.Take(n.GetInt32()) : set.Limit > 0 ? all.Take(set.Limit) : all;

    private static List<string> Pages(string path) => [.. File.ReadLines(path).Where(line => line.Length > 0).Select(line =>
    {
        using var document = JsonDocument.Parse(line);
        return document.RootElement.GetProperty("page").GetString()!;
    })];

    private void OfDocuments(IReadOnlyList<RollingDocument> documents)
    {
        if (documents.Count == 0) throw new DataException("no document was scored");
        differences.Exact("n", [expected.GetProperty("n").GetInt64()], [documents.Count]);
        HarnessRows.CheckRolling(expected, RollingScores.Of(documents), differences);
    }

    private void Scores(TaskScores found)
    {
        differences.Exact("n", [expected.GetProperty("n").GetInt64()], [found.Items]);
        Mean("acc", found.Acc);
        Mean("acc_norm", found.AccNorm);
        if (!expected.TryGetProperty("perplexity", out var perplexity)) return;
        if (found.Perplexity is not { } value) throw new DataException("a perplexity is expected, but the task has none");
        differences.Number("perplexity (relative)", Math.Abs((value.Mean / perplexity.GetDouble()) - 1), PerplexityTolerance);
        if (Error("perplexity") is { } error) differences.Number("perplexity_stderr (relative)", Math.Abs(((value.StandardError ?? double.NaN) / error) - 1), BootstrapTolerance);
    }

    private void Mean(string metric, MeanWithError? found)
    {
        differences.That(expected.TryGetProperty(metric, out var mean) == found is not null, $"{metric} is {(found is null ? "not reported" : "reported")}, expected the contrary");
        if (found is not { } value || mean.ValueKind != JsonValueKind.Number) return;
        differences.Number(metric, Math.Abs(value.Mean - mean.GetDouble()), MeanTolerance);
        if (Error(metric) is { } error) differences.Number($"{metric}_stderr", Math.Abs((value.StandardError ?? double.NaN) - error), MeanTolerance);
    }

    // Of a single item the harness has none.
    private double? Error(string metric) => expected.TryGetProperty($"{metric}_stderr", out var error) && error.ValueKind == JsonValueKind.Number ? error.GetDouble() : null;

    private int[]? Digits(string what, int[] found, HashSet<int> close)
    {
        if (!expected.TryGetProperty(what, out var text)) return null;
        int[] wanted = [.. text.GetString()!.Select(digit => digit - '0')];
        if (wanted.Length != found.Length) throw new DataException($"{what}: {found.Length} items, expected {wanted.Length}");
        var different = Enumerable.Range(0, wanted.Length).Where(i => wanted[i] != found[i] && !close.Contains(i)).ToList();
        differences.That(different.Count == 0, $"{what} differs in {different.Count} of {wanted.Length} items, the first is item {different.FirstOrDefault()}");
        return wanted;
    }
}
