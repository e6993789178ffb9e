using System.Text.Json.Nodes;
using LST.Evaluation.Verification;

namespace LST.Evaluation.Tests.Verification;

public sealed class HarnessCasesTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void Rows_and_scores_of_the_harness_are_repeated()
    {
        var folder = Shared.Require("goldens/hf-eval");
        var rows = Directory.EnumerateFiles(Path.Combine(folder, "tiny"), "*.jsonl").Sum(path => File.ReadLines(path).Count());

        // Scores over whole data files come last and take longer: of them the small ones, below.
        var results = new HarnessCases().Run(new VerificationContext(folder, TestContext.Current.CancellationToken)).Take(rows + 14).ToList();

        Assert.All(results, result => Assert.True(result.Outcome == Outcome.Passed, $"{result.Name}: {result.Detail}"));
        Assert.Equal((rows, 14), (results.Count(result => result.Name.Contains(".jsonl:")), results.Count(result => result.Name.Contains("results.json/"))));
    }

    [Fact]
    public void Scores_over_whole_files_are_repeated()
    {
        var set = CopySet();
        Change(set, "brief.json", root => Keep(root, "copa", "openbookqa"));

        var results = Run(temporary.File("goldens"), _ => true);

        Assert.Equal(["hf-eval/tiny/brief.json/openbookqa", "hf-eval/tiny/brief.json/copa"], results.Select(result => result.Name));
        Assert.All(results, result => Assert.True(result.Outcome == Outcome.Passed, $"{result.Name}: {result.Detail}"));
    }

    [Fact]
    public void A_wrong_choice_a_wrong_sum_and_a_wrong_score_fail()
    {
        var set = CopySet();
        Change(set, "brief.json", root =>
        {
            Keep(root, "copa");
            var copa = root["results"]!["copa"]!;
            var pred = copa["pred"]!.GetValue<string>();
            copa["pred"] = (pred[0] == '0' ? '1' : '0') + pred[1..];
            copa["sum_loglik"] = copa["sum_loglik"]!.GetValue<double>() * 1.0001;
        });

        var failed = Assert.Single(Run(temporary.File("goldens"), _ => true));

        Assert.Equal(Outcome.Failed, failed.Outcome);
        Assert.Contains("pred differs in 1 of 50 items, the first is item 0", failed.Detail);
        Assert.Contains("sum_loglik", failed.Detail);
    }

    [Fact]
    public void Each_changed_row_fails_for_its_own_reason()
    {
        (string Name, string Source, string From, string To, string Phrase)[] changes =
        [
            ("a.jsonl", "copa.jsonl", "loglik\": -8", "loglik\": -9", "log-likelihood"),
            ("b.jsonl", "boolq.jsonl", "Answer:", "Answer :", "context of request 0 differs"),
            ("c.jsonl", "pairs.jsonl", "\"is_greedy\": false", "\"is_greedy\": true", "is_greedy is False"),
            ("d.jsonl", "copa.jsonl", "\"gold\": 1", "\"gold\": 0", "gold is 1"),
            ("e.jsonl", "copa.jsonl", "\"doc_id\": 0", "\"doc_id\": 50", "doc_id 50 is outside"),
            ("f.jsonl", "copa.jsonl", "{\"task\": \"copa\"", "{\"task\": \"nope\"", "task 'nope' is unknown"),
            ("g.jsonl", "winogrande.5shot.jsonl", "\"num_fewshot\": 5", "\"num_fewshot\": 4", "fewshot_ids differs"),
            ("h.jsonl", "wikitext.jsonl", "\"words\": ", "\"words\": 1", "words, bytes"),
        ];
        var set = CopySet();
        File.Delete(Path.Combine(set, "brief.json"));
        foreach (var (name, source, from, to, _) in changes)
        {
            var line = File.ReadLines(Shared.Require($"goldens/hf-eval/tiny/{source}")).First();
            Assert.Contains(from, line);
            File.WriteAllText(Path.Combine(set, name), line.Replace(from, to, StringComparison.Ordinal));
        }

        var results = Run(temporary.File("goldens"), _ => true);

        Assert.Equal(changes.Select(change => $"hf-eval/tiny/{change.Name}:1"), results.Select(result => result.Name));
        Assert.All(results.Zip(changes), pair => Assert.Equal((Outcome.Failed, true), (pair.First.Outcome, pair.First.Detail.Contains(pair.Second.Phrase))));
    }

    [Fact]
    public void A_model_or_data_file_that_is_not_found_and_a_set_without_a_description_fail_with_the_reason()
    {
        var set = CopySet();
        File.Delete(Path.Combine(set, "brief.json"));
        Change(set, "results.json", root => root["results"]!["copa"] = new JsonObject { ["n"] = 20 });
        Assert.Contains("the set has no copa.jsonl", Assert.Single(Run(temporary.File("goldens"), _ => true)).Detail);

        Change(set, "results.json", root => root["data"]!["copa"]!["sha256"] = new string('0', 64));
        File.Copy(Shared.Require("goldens/hf-eval/tiny/copa.jsonl"), Path.Combine(set, "copa.jsonl"));
        Assert.All(Run(temporary.File("goldens"), name => name.Contains(".jsonl")), result => Assert.Contains("copa.jsonl with sha256 000000000000… is not found", result.Detail));

        Change(set, "results.json", root => root["model"]!["weights_sha256"] = new string('0', 64));
        Assert.All(Run(temporary.File("goldens"), name => name.Contains(".jsonl")), result => Assert.Equal((Outcome.Failed, "model 'tiny-model' with weights of sha256 000000000000… is not found"), (result.Outcome, result.Detail)));

        File.Delete(Path.Combine(set, "results.json"));
        Assert.All(Run(temporary.File("goldens"), _ => true), result => Assert.Contains("neither results.json nor brief.json", result.Detail));
    }

    [Fact]
    public void A_cancelled_run_stops() => Assert.Throws<OperationCanceledException>(() =>
        new HarnessCases().Run(new VerificationContext(Shared.Require("goldens/hf-eval"), new CancellationToken(canceled: true))).ToList());

    private static List<CaseResult> Run(string folder, Func<string, bool> until) =>
        [.. new HarnessCases().Run(new VerificationContext(folder, TestContext.Current.CancellationToken)).TakeWhile(result => until(result.Name))];

    // The description, with the model and the data beside it under links.
    private string CopySet()
    {
        var set = Directory.CreateDirectory(temporary.File("goldens/hf-eval/tiny")).FullName;
        Directory.CreateSymbolicLink(temporary.File("goldens/hf-eval/tiny-model"), Shared.Require("goldens/hf-eval/tiny-model"));
        Directory.CreateSymbolicLink(temporary.File("data"), Shared.Require("data/zeroshot"));
        foreach (var file in new[] { "results.json", "brief.json" }) File.WriteAllBytes(Path.Combine(set, file), File.ReadAllBytes(Shared.Require($"goldens/hf-eval/tiny/{file}")));
        Change(set, "results.json", root => Keep(root));
        return set;
    }

    private static void Change(string set, string file, Action<JsonNode> change)
    {
        var path = Path.Combine(set, file);
        var root = JsonNode.Parse(File.ReadAllText(path))!;
        change(root);
        File.WriteAllText(path, root.ToJsonString());
    }

    private static void Keep(JsonNode root, params string[] tasks)
    {
        var results = (JsonObject)root["results"]!;
        foreach (var task in results.Select(entry => entry.Key).Where(task => !tasks.Contains(task)).ToList()) results.Remove(task);
    }
}
