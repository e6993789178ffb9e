using System.Text.Json.Nodes;
using LST.Evaluation.Verification;

namespace LST.Evaluation.Tests.Benchmarks.Ruler;

public sealed class RulerCasesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("input", "changed", "input differs")]
    [InlineData("answer_prefix", "changed", "answer_prefix differs")]
    [InlineData("length", 1, "expected 1")]
    [InlineData("size", 1, "size is")]
    [InlineData("sha256", "00", "sha256 differs")]
    [InlineData("variant", "no_example", "no variant")]
    [InlineData("task", "niah_single_9", "no task")]
    [InlineData("sample_index", 1, "differs")]
    [InlineData("random_seed", 43, "differs")]
    public void A_line_with_one_wrong_field_fails_and_says_which(string field, object value, string detail)
    {
        var line = Prepare();
        line[field] = value is int number ? number : (string)value;
        folder.Write("set/ruler/niah_single_1.jsonl", line.ToJsonString());

        var result = Assert.Single(Run());

        Assert.Equal((Outcome.Failed, "ruler/niah_single_1.jsonl:1"), (result.Outcome, result.Name));
        Assert.Contains(detail, result.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_that_name_no_sample_and_broken_ones_fail()
    {
        folder.Write("set/ruler/x.jsonl", Prepare().ToJsonString() + "\n\n{\"input\": \"x\"}\n{\n");
        folder.Write("set/other/x.jsonl", "{\n");

        Assert.Equal([Outcome.Passed, Outcome.Failed, Outcome.Failed], Run().Select(result => result.Outcome));
        Assert.Contains("no sample_index", Run().ElementAt(1).Detail, StringComparison.Ordinal);
        Assert.Equal("ruler/x.jsonl:4", Run().Last().Name);
    }

    [Fact]
    public void A_folder_without_parameters_or_with_another_tokenizer_fails_with_that_reason()
    {
        folder.Write("set/ruler/x.jsonl", Prepare().ToJsonString());
        File.Delete(folder.File("set/ruler/params.json"));
        Assert.Contains("params.json", Assert.Single(Run()).Detail, StringComparison.Ordinal);

        folder.Write("set/ruler/params.json", "{\"tokenizer\": \"tokenizer.json\", \"tokenizer_sha256\": \"0123456789abcdef\"}");
        Assert.Contains("tokenizer.json with sha256 0123456789ab… is not found", Assert.Single(Run()).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Cut_points_and_lengths_that_never_fit_are_cases()
    {
        Prepare();
        folder.Write("set/ruler/cut-points.json", "[[150, 82, 122], [150, 82, 123]]");
        folder.Write("set/ruler/never-fits.json", "[{\"task\": \"cwe\", \"max_seq_length\": 512, \"smallest_size\": 10}, {\"task\": \"fwe\", \"max_seq_length\": 512, \"smallest_size\": 10}]");

        var results = Run().ToList();

        Assert.Equal([Outcome.Failed, Outcome.Passed, Outcome.Failed], results.Select(result => result.Outcome));
        Assert.Contains("cut at 122, expected 123", results[0].Detail, StringComparison.Ordinal);
        Assert.Contains("expected that none fits", results[2].Detail, StringComparison.Ordinal);
    }

    private IEnumerable<CaseResult> Run() => new RulerCases().Run(new VerificationContext(folder.File("set"), TestContext.Current.CancellationToken));

    // The first line of the goldens and their tokenizer in a folder of their own; it needs no haystack.
    private JsonNode Prepare()
    {
        folder.Write("set/ruler/tokenizer.json", File.ReadAllBytes(Shared.Require("goldens/hf-eval/tiny-model/tokenizer.json")));
        folder.Write("set/ruler/params.json", "{\"tokenizer\": \"tokenizer.json\", \"random_seed\": 42}");
        return JsonNode.Parse(File.ReadLines(Shared.Require("goldens/ruler/niah_single_1.jsonl")).First())!;
    }
}
