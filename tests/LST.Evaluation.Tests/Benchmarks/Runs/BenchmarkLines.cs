using LST.Core.Compression;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Runs;
using LST.Evaluation.Tests.Benchmarks.Items;

namespace LST.Evaluation.Tests.Benchmarks.Runs;

/// <summary>Runs a task over every row, and checks what holds for the lines of all tasks.</summary>
internal static class BenchmarkLines
{
    private const string Methods = "streaming,h2o:recent=n/2";

    private static readonly ItemRow[] Rows = [new("dense", 1), new("h2o:recent=n/2", 2), new("streaming", 2), new("h2o:recent=n/2", 4), new("streaming", 4)];

    /// <summary>The lines as they stand in the file: one a row of each item, names that tell items apart, and fewer entries kept than there are in all rows but dense.</summary>
    public static IReadOnlyList<ItemLine> Of(LoadedModel loaded, CompressedContexts contexts, IBenchmarkTask task)
    {
        using var folder = new TemporaryFolder();
        var settings = new BenchmarkSettings { Methods = MethodSpec.ParseList(Methods), Ratios = [Ratio.Of(2), Ratio.Of(4)] };
        new BenchmarkRun(settings, contexts).Run([task], ItemFolder.Open(folder.File("run"), ExampleLines.Manifest(Methods.Split(','))), cancel: TestContext.Current.CancellationToken);
        var lines = ItemFolder.Read(folder.File("run"));

        Assert.Equal(task.Count, Enumerable.Range(0, task.Count).Select(task.ItemId).Distinct().Count());
        Assert.Equal(Enumerable.Range(0, task.Count).OrderBy(task.OrderOf).ThenBy(task.ItemId, StringComparer.Ordinal).SelectMany(i => Rows.Select(row => (task.Name, task.ItemId(i), (long)task.OrderOf(i), row))), lines.Select(line => (line.Task, line.ItemId, line.ItemIndex, line.Row)));
        foreach (var line in lines)
        {
            Assert.Equal((long)loaded.Model.Config.Layers * loaded.Model.Config.KeyValueHeads * line.TokensCtx, line.KvEntriesFull);
            if (line.Method == "dense")
            {
                Assert.Equal(line.KvEntriesFull, line.KvEntriesKept);
                Assert.Null(line.Compressed);
                continue;
            }
            Assert.True(line.Compressed);
            Assert.True(line.KvEntriesKept < line.KvEntriesFull && line.RatioEffective >= line.RatioRequested, $"{line.Key} keeps {line.KvEntriesKept} of {line.KvEntriesFull}");
        }
        return lines;
    }

    /// <summary>Those of dense.</summary>
    public static IReadOnlyList<ItemLine> Dense(this IEnumerable<ItemLine> lines) => [.. lines.Where(line => line.Method == "dense")];
}
