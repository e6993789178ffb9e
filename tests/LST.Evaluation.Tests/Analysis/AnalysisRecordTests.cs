using LST.Core;
using LST.Core.Compression;
using LST.Evaluation.Analysis;
using LST.Evaluation.Records;
using LST.Evaluation.Training;

namespace LST.Evaluation.Tests.Analysis;

/// <summary>Views in records come back as they were.</summary>
public sealed class AnalysisRecordTests(TinyPrompt tiny) : IClassFixture<TinyPrompt>, IDisposable
{
    private readonly TemporaryFolder folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void Every_kind_of_view_comes_back()
    {
        using var prompt = tiny.Open();
        var (mean, made) = (MethodSpec.Parse("mean:log-mass=true"), prompt.Compress("mean:log-mass=true", 3));

        Same(prompt.Dense(0, 0, 60..64));
        Same(made.Ingredients(0, 0));
        Same(made.MassLedger(0, 0, 60..64));
        Same(made.LogMassPairs(0, 0));
        Same(prompt.ErrorGrid(mean, [Ratio.Of(2)], queries: 8, cancel: Stop));
        Same(prompt.ErrorTails([("means", mean)], Ratio.Of(2), queries: 8, cancel: Stop));
        Same(prompt.ProbeCloud(0, 0, [("means", mean)], Ratio.Of(2), cancel: Stop));
        Same(new StoryRun("LM", "id", true, [1, 2], [3, 2], [double.NaN, double.NaN], [0.5, 0.25], [2], [0.125]));
    }

    [Fact]
    public void The_newest_of_a_name_is_read_and_another_view_or_name_is_refused()
    {
        var store = new RecordStore(folder.File("results"));
        using var prompt = tiny.Open();
        var view = prompt.Dense(0, 0, 60..61);
        AnalysisRecord Of(AttentionMap map, string created) => AnalysisRecord.Of("map", map, tiny.Model(), "notebook", TimeSpan.FromSeconds(1)) with { Created = created };
        store.Write(Of(view with { Source = "new" }, "2026-05-02T00:00:00Z"));
        store.Write(Of(view with { Source = "old" }, "2026-05-01T00:00:00Z"));

        Assert.Equal("new", AnalysisRecord.Find(store, "map").Read<AttentionMap>().Source);
        Assert.Contains("it holds AttentionMap", Assert.Throws<DataException>(() => AnalysisRecord.Find(store, "map").Read<ErrorGrid>()).Message);
        Assert.Contains("there are map", Assert.Throws<DataException>(() => AnalysisRecord.Find(store, "grid")).Message);
    }

    public void Dispose() => folder.Dispose();

    private void Same<TView>(TView view)
        where TView : notnull
    {
        var store = new RecordStore(folder.File(typeof(TView).Name));
        var written = store.Write(AnalysisRecord.Of("a-name", view, tiny.Model(), "notebook", TimeSpan.FromSeconds(1)));

        var read = AnalysisRecord.Find(store, "a-name");

        var again = AnalysisRecord.Of("a-name", read.Read<TView>(), tiny.Model(), "notebook", TimeSpan.FromSeconds(1));
        Assert.Equal(written.Data.ToJsonString(), again.Data.ToJsonString());
        Assert.True(written.Data.ToJsonString().Length > 100);
    }
}
