using System.Numerics;
using LST.Core;
using LST.Evaluation.Records;
using LST.Evaluation.Records.Query;
using LST.Evaluation.Tests.Benchmarks.Results;
using LST.Evaluation.Training;

namespace LST.Evaluation.Tests.Records.Query;

public sealed class RecordQueryTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();
    private readonly PerplexityRecord ppl;
    private readonly TrainingRecord training;
    private readonly RecordQuery query;

    public RecordQueryTests()
    {
        var store = new RecordStore(temporary.Path);
        (ppl, training) = (store.Write(ExampleRecords.Perplexity()), store.Write(ExampleRecords.Training()));
        query = new RecordQuery(new RecordCatalog(temporary.Path).ReadAll(Assert.Fail));
    }

    public void Dispose()
    {
        query.Dispose();
        temporary.Dispose();
    }

    [Fact]
    public void Records_has_a_row_a_record_of_any_kind()
    {
        var result = query.Run("SELECT id, kind, created, model, text, preset, seed, wall_seconds, commit, dirty, record->'options'->>'prefix' AS p FROM records", TestContext.Current.CancellationToken);

        Assert.Equal(["id", "kind", "created", "model", "text", "preset", "seed", "wall_seconds", "commit", "dirty", "p"], result.Columns.Select(column => column.Name));
        Assert.Equal(
            [QueryType.Text, QueryType.Text, QueryType.Time, QueryType.Text, QueryType.Text, QueryType.Text, QueryType.Whole, QueryType.Real, QueryType.Text, QueryType.Truth, QueryType.Text],
            result.Columns.Select(column => column.Type));
        Assert.Equal([ppl.Id, "ppl", new DateTime(2026, 5, 1, 12, 0, 0), "lst-ref", "api", null, 0L, 12.5, "0123456789abcdef", false, null], result.Rows[0]);
        Assert.Equal([training.Id, "training", new DateTime(2026, 5, 2, 12, 0, 0), "lst-ref", null, "lst", 7L, 600.0, "0123456789abcdef", false, "1024"], result.Rows[1]);
    }

    [Fact]
    public void Ppl_has_a_row_a_method_and_ratio_with_its_interval()
    {
        var result = query.Run("SELECT id, method, ratio, ppl, ppl_over_dense, low, high, bytes_per_token, protocol, prefix, suffix, chunks, equal FROM ppl", TestContext.Current.CancellationToken);

        Assert.Equal(3, result.Rows.Length);
        for (var r = 0; r < 3; r++)
        {
            var row = ppl.Rows[r];
            Assert.Equal([ppl.Id, row.Method, row.Ratio, row.Ppl, row.PplOverDense, row.Ci95[0], row.Ci95[1], row.BytesPerToken, "e1", 1024L, 512L, 3L, "slots"], result.Rows[r]);
        }
    }

    [Fact]
    public void Training_has_a_row_a_development_point()
    {
        var result = query.Run("SELECT id, ratios, step, ppl_over_dense, ppl_over_dense_by_text, recall, is_best, query_error FROM training", TestContext.Current.CancellationToken);

        Assert.Equal([0L, 100L], result["step"]);
        Assert.Equal([false, true], result["is_best"]);
        Assert.Equal([0.25, null], result["recall"]);
        Assert.Equal([null, 0.375], result["query_error"]);
        Assert.Equal(Math.Sqrt(1.1 * 1.2), (double)result["ppl_over_dense"][0]!, 1e-12);
        Assert.Equal([2.0], (object?[])result["ratios"][0]!);
        Assert.Equal(1.21, Assert.IsAssignableFrom<IReadOnlyDictionary<string, object?>>(result["ppl_over_dense_by_text"][1])["api-dev"]);
    }

    [Fact]
    public void Items_has_a_row_a_cell_method_and_ratio()
    {
        using var folder = new TemporaryFolder();
        var record = new RecordStore(folder.Path).Write(BenchmarkExamples.Record([.. BenchmarkExamples.Lines(BenchmarkExamples.Dense, "vt", 512, 1, 1, 0), .. BenchmarkExamples.Lines(BenchmarkExamples.Snap, "vt", 512, 1, 0, 0)]));
        using var items = new RecordQuery(new RecordCatalog(folder.Path).ReadAll(Assert.Fail));

        var result = items.Run("SELECT id, benchmark, mode, task, length, variant, metric, method, ratio, score, low, high, difference, difference_low, p, compressed_items, bytes_per_token FROM items", TestContext.Current.CancellationToken);

        var rows = record.Cells.Single().Rows;
        Assert.Equal([record.Id, "ruler", "query-agnostic", "vt", 512L, null, "score", "dense", 1.0, rows[0].Score, rows[0].Ci95[0], rows[0].Ci95[1], null, null, null, 0L, rows[0].BytesPerToken], result.Rows[0]);
        Assert.Equal([record.Id, "ruler", "query-agnostic", "vt", 512L, null, "score", "snapkv", 2.0, rows[1].Score, rows[1].Ci95[0], rows[1].Ci95[1], rows[1].Difference, rows[1].DifferenceCi95![0], rows[1].P, 3L, rows[1].BytesPerToken], result.Rows[1]);
        Assert.Equal(2L, items.Run("SELECT count(*) FROM items", TestContext.Current.CancellationToken).Rows[0][0]);
    }

    [Theory]
    [InlineData("FROM ppl", 3)]
    [InlineData("  -- best\n (SELECT method FROM ppl);", 3)]
    [InlineData("WITH best AS (SELECT min(ppl) AS p FROM ppl) FROM best", 1)]
    [InlineData("SELECT ';' AS a, 'read_csv(' AS b", 1)]
    [InlineData("DESCRIBE training", 15)]
    [InlineData("SHOW TABLES", 4)]
    [InlineData("PIVOT ppl ON method USING first(ppl) GROUP BY model", 1)]
    [InlineData("FROM (PIVOT ppl ON method USING first(ppl) GROUP BY model)", 1)]
    [InlineData("SUMMARIZE SELECT method, ppl FROM ppl", 2)]
    [InlineData("FROM range(5)", 5)]
    [InlineData("SELECT method FROM ppl WHERE false", 0)]
    public void Reading_statements_run(string sql, int rows)
    {
        var (first, second) = (query.Run(sql, TestContext.Current.CancellationToken), query.Run(sql, TestContext.Current.CancellationToken));

        Assert.Equal(rows, first.Rows.Length);
        Assert.All(first.Rows, row => Assert.Equal(first.Columns.Count, row.Length));
        Assert.Equal(first.Rows, second.Rows);
    }

    [Fact]
    public void Values_are_plain_whatever_the_engine_calls_them()
    {
        var row = query.Run("""
            SELECT sum(ratio::INTEGER), 1::UTINYINT, 18446744073709551615::UBIGINT, 0.1::FLOAT, 1.5::DECIMAL(9, 3), true, NULL, [1, NULL], ['a', NULL], {'a': [1, 2], 'b': 'x'},
                   DATE '2026-05-01', TIME '01:02:03', 'ab'::BLOB, 'nan'::DOUBLE, '5fbb24a9-3a5d-4d8b-9b0e-6c2f0f5bd4f1'::UUID FROM ppl
            """, TestContext.Current.CancellationToken).Rows[0];

        Assert.Equal([5L, 1L, new BigInteger(ulong.MaxValue), 0.1, 1.5, true, null], row[..7]);
        Assert.Equal([1L, null], (object?[])row[7]!);
        Assert.Equal(["a", null], (object?[])row[8]!);
        Assert.Equal([1L, 2L], (object?[])((IReadOnlyDictionary<string, object?>)row[9]!)["a"]!);
        Assert.Equal([new DateOnly(2026, 5, 1), "01:02:03", "6162", double.NaN, "5fbb24a9-3a5d-4d8b-9b0e-6c2f0f5bd4f1"], row[10..]);
    }

    [Theory]
    [InlineData("FROM read_csv('/etc/passwd')", "calls 'read_csv'")]
    [InlineData("SELECT * FROM read_text('/etc/passwd')", "calls 'read_text'")]
    [InlineData("SELECT * FROM \"read_blob\" ('/etc/passwd')", "calls 'read_blob'")]
    [InlineData("SELECT * FROM main.Read_Parquet/* */('/etc/passwd')", "calls 'Read_Parquet'")]
    [InlineData("FROM glob('/etc/*')", "calls 'glob'")]
    [InlineData("FROM query('SELECT 1')", "calls 'query'")]
    [InlineData("FROM enable_logging()", "calls 'enable_logging'")]
    [InlineData("WITH x AS (FROM enable_profiling()) FROM x", "calls 'enable_profiling'")]
    [InlineData("FROM '/etc/passwd'", "the query cannot run")]
    [InlineData("FROM '/etc/*.json'", "Permission Error")]
    [InlineData("FROM 'http://localhost/x.csv'", "Permission Error")]
    [InlineData("COPY ppl TO '/tmp/lst-rows.csv'", "begins with 'COPY'")]
    [InlineData("ATTACH '/tmp/lst-rows.db'", "begins with 'ATTACH'")]
    [InlineData("INSTALL httpfs", "begins with 'INSTALL'")]
    [InlineData("LOAD httpfs", "begins with 'LOAD'")]
    [InlineData("PRAGMA version", "begins with 'PRAGMA'")]
    [InlineData("SET threads = 8", "begins with 'SET'")]
    [InlineData("CALL pragma_version()", "begins with 'CALL'")]
    [InlineData("BEGIN", "begins with 'BEGIN'")]
    [InlineData("DROP TABLE ppl", "begins with 'DROP'")]
    [InlineData("CREATE TEMP TABLE t (a INTEGER)", "begins with 'CREATE'")]
    [InlineData("EXPORT DATABASE '/tmp/lst'", "begins with 'EXPORT'")]
    [InlineData("'x'", "begins with 'a value'")]
    [InlineData("WITH x AS (SELECT 1) INSERT INTO records (id) SELECT 'z'", "read-only mode")]
    [InlineData("SELECT 1; SELECT 2", "another one follows behind ';' and begins with 'SELECT'")]
    [InlineData("FROM ppl; COPY ppl TO '/tmp/lst-rows.csv'", "begins with 'COPY'")]
    [InlineData("FROM ppl;; -- x\n SET threads = 8", "begins with 'SET'")]
    [InlineData("PIVOT ppl ON method USING count(*); SELECT 2", "another one follows")]
    [InlineData("", "the query is empty")]
    [InlineData(" -- nothing\n;", "begins with ';'")]
    [InlineData("SELEC 1", "begins with 'SELEC'")]
    [InlineData("SELECT nope FROM ppl", "Binder Error: Referenced column \"nope\" not found")]
    [InlineData("SELECT * FROM nope", "Table with name nope does not exist")]
    [InlineData("SELECT 'open", "unterminated quoted string")]
    [InlineData("SELECT 'a'::INTEGER", "Conversion Error")]
    [InlineData("SELECT $1", "parameter")]
    [InlineData("SELECT error('two' || chr(10) || 'lines')", "two lines")]
    [InlineData("SELECT 'infinity'::TIMESTAMP", "CAST(… AS VARCHAR)")]
    [InlineData("FROM range(2000000)", "1,000,000 rows")]
    public void Everything_else_is_one_sentence_and_the_next_query_runs(string sql, string part)
    {
        var problem = Assert.Throws<UsageException>(() => query.Run(sql, TestContext.Current.CancellationToken));

        Assert.Contains(part, problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', problem.Message);
        Assert.Equal([3L], query.Run("SELECT count(*) FROM ppl", TestContext.Current.CancellationToken).Rows[0]);
    }

    [Fact]
    public async Task A_query_that_takes_long_is_interrupted()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.Run(() => query.Run("SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range % 7 = b.range % 11", stop.Token)));

        Assert.Equal([2L], query.Run("SELECT count(*) FROM records", TestContext.Current.CancellationToken).Rows[0]);
    }

    [Fact]
    public void Nothing_is_written_beside_the_project()
    {
        var before = Directory.GetFileSystemEntries(Environment.CurrentDirectory);

        // More than the memory that a query may have.
        Assert.Throws<UsageException>(() => query.Run("SELECT length(string_agg(repeat('x', 10000))) FROM range(200000)", TestContext.Current.CancellationToken));

        Assert.Equal(before, Directory.GetFileSystemEntries(Environment.CurrentDirectory));
    }

    [Fact]
    public void Without_records_the_tables_are_empty()
    {
        using var empty = new RecordQuery([]);

        foreach (var table in new[] { "records", "ppl", "items", "training" }) Assert.Empty(empty.Run($"FROM {table}", TestContext.Current.CancellationToken).Rows);
    }
}
