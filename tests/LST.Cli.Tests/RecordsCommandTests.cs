using System.Text.Json;
using System.Text.Json.Nodes;
using LST.Evaluation.Records;

namespace LST.Cli.Tests;

/// <summary>The commands that read records, on copies of some that the project ships.</summary>
public sealed class RecordsCommandTests : IDisposable
{
    private const string Baselines = "ppl-lst-ref-api-e1-a48265c7", Lst = "ppl-lst-ref-api-e1-d5209c7f", Books = "ppl-smollm2-books-e1-73448bf3", Training = "training-smollm2-lst-2x-seed0-67e81952";

    private readonly CliRun cli = new();

    public RecordsCommandTests()
    {
        foreach (var id in (string[])[Baselines, Lst, Books, Training])
        {
            var path = Path.Combine(id.Split('-')[0], id + ".json");
            cli.Write(Path.Combine("results", path), File.ReadAllBytes(Path.Combine(Shared.RepositoryRoot, "data", "results", path)));
        }
    }

    [Fact]
    public void List_has_a_line_a_record_with_its_best_number()
    {
        var result = cli.Run("records", "list");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        foreach (var id in (string[])[Baselines, Lst, Books, Training]) Assert.Single(Lines(result), line => line.Contains(id, StringComparison.Ordinal));
        Assert.Matches($@"{Lst} +ppl +lst-ref +api +2026-11-28 20:38 +2 min +2:1 lst 0\.9993, 4:1 lst 0\.9988, 8:1 lst 0\.9995", result.Output);
        Assert.Matches($@"{Training} +training +smollm2 +lst +2026-11-28 20:11 +47 min +step 200: wiki-dev 0\.9980, books-dev 1\.0027, recall 0\.54", result.Output);
    }

    [Theory]
    [InlineData(1, "--kind", "training")]
    [InlineData(2, "--model", "lst-ref")]
    [InlineData(2, "--model_name", "SmolLM2")]
    [InlineData(1, "--text", "books")]
    [InlineData(1, "--kind", "ppl", "--model", "smollm2")]
    public void List_can_be_narrowed(int records, params string[] flags) =>
        Assert.Equal(records, Lines(cli.Run(["records", "list", .. flags])).Count(line => line.Contains("-seed0-", StringComparison.Ordinal) || line.Contains("-e1-", StringComparison.Ordinal)));

    [Fact]
    public void List_names_a_broken_file_on_standard_error_and_shows_the_rest()
    {
        cli.Write("results/ppl/torn.json", "{\"schema_version\": 1, ");

        var result = cli.Run("records", "list");

        Assert.Equal(0, result.ExitCode);
        Assert.StartsWith("warning: The record 'torn.json' cannot be read (", Assert.Single(result.ErrorLines));
        Assert.Contains(Lst, result.Output);
    }

    [Fact]
    public void List_of_what_is_not_there_is_one_sentence()
    {
        cli.Refuses(2, ["--kind recall: there is no such record; there are ppl, training"], "records", "list", "--kind", "recall");
        cli.Set("LST_RESULTS", cli.At("nowhere"));
        cli.Refuses(1, ["There is no record yet"], "records", "list");
    }

    [Fact]
    public void Show_prints_what_ran_and_what_came_out()
    {
        var (ppl, training) = (cli.Run("records", "show", "d5209c7f"), cli.Run("records", "show", "training-"));

        Assert.Equal((0, 0), (ppl.ExitCode, training.ExitCode));
        Assert.Contains($"record    {Lst}\n", ppl.Output);
        Assert.Contains("command   ./lst eval ppl --text wikitext2,api --methods dense,lst --ratios 2,4,8\n", ppl.Output);
        Assert.Contains("sha256 2d4ac09f4fd7d06d894811743ab2c532d751eed8eeb52ee91b8baa42d8872d30\n", ppl.Output);
        Assert.Contains("commit 0312fc9b5464e6d922d092881653e7e6cc9779fc", ppl.Output);
        Assert.Matches(@"lst +2 +2\.00 +3\.875 +0\.9993 +0\.9988 – 0\.9997", ppl.Output);
        Assert.Matches(@"step +wiki-dev, ppl / dense +books-dev, ppl / dense +recall", training.Output);
        Assert.Matches(@" 200 +0\.9980 +1\.0027 +0\.542 +best", training.Output);
    }

    [Fact]
    public void Show_json_is_the_file() => Assert.Equal(File.ReadAllText(cli.At($"results/ppl/{Lst}.json")), cli.Run("records", "show", cli.At($"results/ppl/{Lst}.json"), "--json").Output);

    [Fact]
    public void Show_of_a_record_of_a_later_build_prints_its_fields()
    {
        var store = new RecordStore(cli.Results);
        var later = RecordFile.Read(cli.At($"results/training/{Training}.json")).Record;
        var id = store.Write(new LaterRecord { Command = "./lst later", Options = [], Model = later.Model, Seed = 0, Dtype = "float32", Device = "cpu", Backend = "cpu", Threads = 1, Versions = later.Versions, WallSeconds = 1, PeakMemoryBytes = 1 }).Id;

        Assert.Contains("\nscore     42\n", cli.Run("records", "show", id).Output);
        Assert.Matches($@"{id} +later +smollm2 ", cli.Run("records", "list").Output);
    }

    [Theory]
    [InlineData("ppl-", "'ppl-' may be any of 3 records: ppl-lst-ref-api-e1-a48265c7, ")]
    [InlineData("nope", "'nope' is neither a file nor the beginning or end of a record's id; records are ppl-lst-ref-api-e1-a48265c7, ")]
    public void Show_of_an_ambiguous_or_unknown_record_lists_candidates(string name, string sentence) => cli.Refuses(2, [sentence], "records", "show", name);

    [Fact]
    public void Sql_prints_a_table_that_is_not_cut()
    {
        var result = cli.Run("records", "sql", "SELECT id, method, ratio, command, options FROM ppl JOIN (SELECT id, command FROM records) USING (id) WHERE id LIKE '%d5209c7f' AND ratio = 4");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var line = Assert.Single(Lines(result), line => line.Contains(Lst, StringComparison.Ordinal));
        Assert.Contains("./lst eval ppl --text wikitext2,api --methods dense,lst --ratios 2,4,8", line);
        Assert.Contains("\"file-sha256\":", line);
        Assert.EndsWith("\n1 row\n", result.Output);
    }

    [Fact]
    public void Sql_writes_csv_markdown_and_json()
    {
        string[] line = ["records", "sql", "SELECT method, ratio, chunks FROM ppl WHERE id LIKE '%d5209c7f' ORDER BY ratio LIMIT 2", "--format"];

        Assert.Equal("method,ratio,chunks\r\ndense,1,48\r\nlst,2,48\r\n", cli.Run([.. line, "csv"]).Output);
        Assert.Equal("| method | ratio | chunks |\n| --- | ---: | ---: |\n| dense | 1 | 48 |\n| lst | 2 | 48 |\n", cli.Run([.. line, "markdown"]).Output);
        Assert.Equal("""[{"method":"dense","ratio":1,"chunks":48},{"method":"lst","ratio":2,"chunks":48}]""", JsonNode.Parse(cli.Run([.. line, "JSON"]).Output)!.ToJsonString());
    }

    [Theory]
    [InlineData("SELECT nope FROM ppl", "Referenced column \"nope\" not found")]
    [InlineData("COPY ppl TO 'rows.csv'", "records are only read")]
    [InlineData("FROM read_text('/etc/passwd')", "calls 'read_text'")]
    [InlineData("SELECT 1; SELECT 2", "must be one statement")]
    public void Sql_that_is_wrong_or_does_more_than_read_is_one_sentence_and_exit_code_2(string sql, string sentence) => cli.Refuses(2, [sentence], "records", "sql", sql);

    [Fact]
    public void Sql_in_an_unknown_form_is_refused() => cli.Refuses(2, ["--format 'xml' is unknown; known: table, csv, markdown, json"], "records", "sql", "FROM ppl", "--format", "xml");

    [Fact]
    public void Sql_is_interrupted()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(1));

        var result = cli.Run(stop.Token, "records", "sql", "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range % 7 = b.range % 11");

        Assert.Equal((130, "", "lst: the query was stopped\n"), (result.ExitCode, result.Output, result.Error));
    }

    [Fact]
    public void Export_writes_a_line_a_row_with_interval_and_record()
    {
        var result = cli.Run("records", "export", "d5209c7f", Baselines, "--out", cli.At("out/rows.csv"));

        Assert.Equal((0, "", ""), (result.ExitCode, result.Output, result.Error));
        var lines = File.ReadAllText(cli.At("out/rows.csv")).Split("\r\n");
        Assert.StartsWith("id,created,model,text,protocol,prefix,suffix,chunks,equal,seed,dtype,device,method,ratio,ratio_effective,ppl,ppl_over_dense,low,high,", lines[0]);
        Assert.Equal(1 + 4 + 19 + 1, lines.Length);
        Assert.All(lines[1..5], line => Assert.StartsWith(Lst + ",", line));
        Assert.Contains(",lst,2,2.0019569471624266,3.875428687485647,0.999250268319588,0.9987618319289919,0.9997129064806773,", lines[2]);
    }

    [Fact]
    public void Export_markdown_is_what_table_prints()
    {
        var (export, table) = (cli.Run("records", "export", "--format", "markdown"), cli.Run("records", "table"));

        Assert.Equal((0, 0), (export.ExitCode, table.ExitCode));
        Assert.Contains("| ppl / lst |", table.Output);
        Assert.Equal(table.Output, export.Output);
        Assert.Equal(cli.Run("records", "table", Lst).Output, cli.Run("records", "table", "d5209c7f").Output);
    }

    [Theory]
    [InlineData("--margin 0: it must be a number above 0", "--margin", "0")]
    [InlineData("--margin asks for a table of scores", "--margin", "2", "--real-ratios")]
    [InlineData("--margin asks for a table of scores", "--margin", "2", "--by", "ratio")]
    public void A_margin_is_of_scores_and_above_0(string sentence, params string[] arguments) =>
        cli.Refuses(2, [sentence], ["records", "table", Path.Combine(Shared.RepositoryRoot, "data", "results", "items", "zeroshot-smollm2-94b44352.json"), .. arguments]);

    [Fact]
    public void Export_of_another_kind_or_form_is_refused()
    {
        cli.Refuses(2, [$"'{Training}' is a record of kind 'training'"], "records", "export", "training-");
        cli.Refuses(2, ["--format 'xml' is unknown; known: csv, markdown"], "records", "export", "--format", "xml");
        cli.Refuses(2, ["but it is a folder"], "records", "export", "--out", cli.Folder);
    }

    [Fact]
    public void Compare_pairs_rows_and_lists_what_was_configured_differently()
    {
        var result = cli.Run("compare", "a48265c7:kvzip", "d5209c7f:lst", "--ratio", "2");

        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.StartsWith($"A: {Baselines}\nB: {Lst}\nlst-ref on api, e1, 48 chunks;", result.Output);
        // The same pair as in the committed table of results.
        Assert.Matches(@"kvzip@2 +lst@2 +3\.884 +3\.875 +1\.0021 +1\.0008 – 1\.0035 +B is better", result.Output);
        Assert.Matches(@"options\.methods +\[""dense"",""random"",.*\] +\[""dense"",""lst""\]", result.Output);
        Assert.Matches(@"versions\.commit +ac986d6d56\w+ +0312fc9b54\w+", result.Output);
        Assert.DoesNotContain("wall_seconds", result.Output);
    }

    [Fact]
    public void Compare_pairs_what_both_have_and_methods_of_one_run()
    {
        var (both, one) = (cli.Run("compare", Baselines, Lst), cli.Run("compare", $"{Baselines}:snapkv@4", "a48265c7:kvzip@4"));

        Assert.Matches(@"dense@1 +dense@1 +3\.878 +3\.878 +1\.0000 ", both.Output);
        Assert.Matches(@"snapkv@4 +kvzip@4 +4\.139 +3\.899 ", one.Output);
        Assert.EndsWith("configuration: one run, and no option of one method that differs\n", one.Output);
    }

    [Fact]
    public void Compare_of_what_is_no_pair_is_one_sentence()
    {
        cli.Refuses(1, ["cannot be paired, because they differ in model (lst-ref 2d4ac09f and smollm2 b179c952), text (api 417413a1 and books c72805ce), P (1024 and 2048), number of chunks (48 and 24)"], "compare", Lst, Books);
        cli.Refuses(2, ["has no row 'nope@2'; it has dense@1, lst@2, lst@4, lst@8"], "compare", "d5209c7f:nope@2", "d5209c7f:lst@2");
        cli.Refuses(2, ["is a record of kind 'training'"], "compare", Lst, "training-");
        cli.Refuses(2, ["ratio 'x'"], "compare", "d5209c7f:lst@x", Lst);
        cli.Refuses(2, ["missing required argument 'B'; see ./lst compare --help"], "compare", Lst);
    }

    [Fact]
    public void The_examples_of_the_page_on_records_run()
    {
        var page = File.ReadAllText(Path.Combine(Shared.RepositoryRoot, "docs", "records.md")).ReplaceLineEndings("\n");
        var queries = page.Split("```sql\n")[1..].Select(block => block.Split("\n```")[0]).ToList();
        cli.Set("LST_RESULTS", Path.Combine(Shared.RepositoryRoot, "data", "results"));

        Assert.True(queries.Count >= 4, "the page must have examples");
        foreach (var query in queries)
        {
            var result = cli.Run("records", "sql", query, "--format", "json");

            Assert.True(result.ExitCode == 0, query + result.Error);
            Assert.NotEmpty(JsonDocument.Parse(result.Output).RootElement.EnumerateArray());
        }
        foreach (var table in new[] { "records", "ppl", "items", "training" })
            foreach (var column in JsonNode.Parse(cli.Run("records", "sql", $"DESCRIBE {table}", "--format", "json").Output)!.AsArray())
                Assert.True(page.Contains($"`{column!["column_name"]}`", StringComparison.Ordinal), $"the page does not name the column '{column["column_name"]}' of {table}");
    }

    public void Dispose() => cli.Dispose();

    private sealed record LaterRecord() : RunRecord("later")
    {
        public int Score => 42;

        public override string ReadableName() => "later";

        public override string? Contradiction() => null;
    }

    private static string[] Lines(CliResult result) => result.Output.Split('\n');
}
