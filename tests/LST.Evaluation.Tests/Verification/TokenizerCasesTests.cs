using LST.Core.Tests.Text;
using LST.Evaluation.Verification;

namespace LST.Evaluation.Tests.Verification;

public sealed class TokenizerCasesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lst-verify").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_shared_goldens_pass_one_case_a_file()
    {
        var results = Run(Shared.Require("goldens"));

        Assert.All(results, r => Assert.True(r.Outcome == Outcome.Passed, $"{r.Name}: {r.Detail}"));
        Assert.Equal(["llama2", "llama3", "lst-ref", "mistral", "smollm2"],
            results.Select(r => r.Name).Where(n => !n.Contains(".decode")).Select(n => Path.GetFileNameWithoutExtension(n)).Order());
        Assert.Equal(10, results.Count);
    }

    [Fact]
    public void Vectors_of_llama_cpp_are_cases_where_a_tokenizer_lies_beside_them()
    {
        var results = Run(Shared.Require("data/tokenizers"));

        Assert.Equal(["llama2/llama.cpp-test-vectors.inp", "llama3/llama.cpp-test-vectors.inp"], results.Select(r => r.Name));
        Assert.All(results, r => Assert.Equal((Outcome.Passed, "47 texts"), (r.Outcome, r.Detail)));
    }

    [Fact]
    public void Another_set_with_other_names_and_texts_works_by_its_summary()
    {
        var model = Shared.Require("goldens/tokenizers/lst-ref.tokenizer.json");
        var rows = Path.Combine(_folder, "set", "tokenizers");
        Directory.CreateDirectory(rows);
        Directory.CreateDirectory(Path.Combine(_folder, "set", "data", "elsewhere"));
        File.Copy(model, Path.Combine(_folder, "set", "data", "elsewhere", "some.json"));
        File.WriteAllText(Path.Combine(rows, "summary.json"), """{"tokenizers":{"mine":{"model_file":"../data/elsewhere/some.json"},"gone":{"model_file":"gone.json"}}}""");
        File.WriteAllText(Path.Combine(rows, "mine.jsonl"),
            """{"id":"r1","text":"Hello world","ids":[42,8085,1396],"ids_bos":[0,42,8085,1396],"ids_special":[42,8085,1396],"decoded":"Hello world"}""" + "\n" +
            """{"id":"r2","text":"Hello","ids":[1],"ids_bos":[0,42,8085],"ids_special":[2],"decoded":"<|end_of_text|>"}""" + "\nnot json\n" + """{"id":"r3","text":3}""" + "\n");
        File.WriteAllText(Path.Combine(rows, "mine.decode.jsonl"), """{"ids":[0,42,8085],"decoded":"<|begin_of_text|>Hello","decoded_skip_special":"Hello"}""");
        File.WriteAllText(Path.Combine(rows, "gone.jsonl"), "{}");

        var results = Run(Path.Combine(_folder, "set")).ToDictionary(r => r.Name);

        Assert.Equal(Outcome.Passed, results["tokenizers/mine.decode.jsonl"].Outcome);
        Assert.Equal("3 of 4 rows differ: r2 (ids, ids_special); line 3 (not JSON); r3 (a field of another kind)", results["tokenizers/mine.jsonl"].Detail);
        Assert.Equal(Outcome.Failed, results["tokenizers/gone.jsonl"].Outcome);
        Assert.Contains("'gone.json' of summary.json was not found", results["tokenizers/gone.jsonl"].Detail);
    }

    [Fact]
    public void A_cancelled_run_stops()
    {
        var rows = Path.Combine(_folder, "tokenizers");
        Directory.CreateDirectory(rows);
        File.WriteAllText(Path.Combine(rows, "a.jsonl"), "{}");

        Assert.Throws<OperationCanceledException>(() => new TokenizerCases(GgufMetadata.Read).Run(new VerificationContext(_folder, new CancellationToken(canceled: true))).ToList());
    }

    private static List<CaseResult> Run(string folder) => [.. new TokenizerCases(GgufMetadata.Read).Run(new VerificationContext(folder))];
}
