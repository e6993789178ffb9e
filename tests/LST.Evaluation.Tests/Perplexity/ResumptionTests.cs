using LST.Core;
using LST.Core.Compression;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Records;

namespace LST.Evaluation.Tests.Perplexity;

/// <summary>A run that was stopped goes on where it was, and nothing is lost before it is written.</summary>
public class ResumptionTests(ReferenceModel reference) : IClassFixture<ReferenceModel>
{
    private static readonly PerplexitySettings Settings = new()
    {
        Prefix = 40, Suffix = 6, Chunks = 4, Methods = MethodSpec.ParseList("streaming,h2o"), Ratios = [Ratio.Of(2)],
    };

    [Fact]
    public void A_stopped_run_goes_on_behind_its_last_chunk_with_the_same_numbers()
    {
        using var folder = new TemporaryFolder();
        var whole = reference.Run(ReferenceModel.Prose, Settings);
        using var source = new CancellationTokenSource();
        var run = new PerplexityRun(reference.Loaded, Settings) { JournalFolder = folder.Path };

        Assert.ThrowsAny<OperationCanceledException>(() => run.Run(ReferenceModel.Prose, "c", new Watch(done => { if (done == 2) source.Cancel(); }), source.Token));
        var begun = -1L;
        var resumed = new PerplexityRun(reference.Loaded, Settings) { JournalFolder = folder.Path }
            .Run(ReferenceModel.Prose, "c", new Watch(_ => { }, done => begun = done), TestContext.Current.CancellationToken);

        Assert.Equal(2, begun);
        Assert.Equal(whole.Rows.Select(row => (row.Method, row.Ppl, row.Ci95[0], row.BytesPerToken, row.KeptSlotsMean)), resumed.Rows.Select(row => (row.Method, row.Ppl, row.Ci95[0], row.BytesPerToken, row.KeptSlotsMean)));
        Assert.Equal(whole.Rows.SelectMany(row => row.ChunkNll), resumed.Rows.SelectMany(row => row.ChunkNll));
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void The_journal_stays_until_the_record_is_written()
    {
        using var folder = new TemporaryFolder();
        // A file where the folder of records should be.
        var store = new RecordStore(folder.Write("records", "in the way"));
        var run = new PerplexityRun(reference.Loaded, Settings) { JournalFolder = folder.File("journals"), Store = store };

        Assert.ThrowsAny<Exception>(() => run.Run(ReferenceModel.Prose, "c", cancel: TestContext.Current.CancellationToken));

        Assert.Single(Directory.GetFiles(folder.File("journals")));
        var record = new PerplexityRun(reference.Loaded, Settings) { JournalFolder = folder.File("journals"), Store = new RecordStore(folder.File("elsewhere")) }
            .Run(ReferenceModel.Prose, "c", cancel: TestContext.Current.CancellationToken);
        Assert.Empty(Directory.GetFiles(folder.File("journals")));
        Assert.Equal(record.Id, Assert.Single(new RecordStore(folder.File("elsewhere")).ReadAll<PerplexityRecord>("ppl")).Id);
    }

    [Fact]
    public void One_method_under_two_spellings_is_two_equal_rows()
    {
        using var folder = new TemporaryFolder();
        var run = new PerplexityRun(reference.Loaded, Settings with { Methods = MethodSpec.ParseList("snapkv,snapkv:observe=32") }) { JournalFolder = folder.Path };

        var record = run.Run(ReferenceModel.Prose, "c", cancel: TestContext.Current.CancellationToken);

        Assert.Equal(["dense", "snapkv", "snapkv:observe=32"], record.Rows.Select(row => row.Method));
        Assert.Equal(record.Rows[1].ChunkNll, record.Rows[2].ChunkNll);
    }

    private sealed class Watch(Action<int> advanced, Action<long>? begun = null) : IRunProgress
    {
        private int done;

        public void Begin(string what, long total, long finished = 0, string unit = "chunks") => begun?.Invoke(finished);

        public void Advance(long steps = 1, string? detail = null) => advanced(++done);

        public void Note(string line) { }
    }
}
