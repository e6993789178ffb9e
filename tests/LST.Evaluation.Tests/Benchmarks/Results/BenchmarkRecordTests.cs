using System.Text.Json;
using CsCheck;
using LST.Core;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Results;
using LST.Evaluation.Records;
using LST.Evaluation.Statistics;
using LST.Evaluation.Tests.Benchmarks.Items;
using static LST.Evaluation.Tests.Benchmarks.Results.BenchmarkExamples;

namespace LST.Evaluation.Tests.Benchmarks.Results;

public class BenchmarkRecordTests
{
    [Fact]
    public void Places_of_items_are_ranges_and_read_back() => Gen.Int[0, 60].Array[0, 40].Sample(drawn =>
    {
        int[] places = [.. drawn.Distinct().Order()];

        var text = new ItemPlaces(places).ToString();

        Assert.Equal(places, ItemPlaces.Parse(text).All);
        Assert.Equal(places.Length == 0 ? 0 : 1 + Enumerable.Range(1, Math.Max(0, places.Length - 1)).Count(i => places[i] != places[i - 1] + 1), text.Length == 0 ? 0 : text.Split(',').Length);
    }, iter: 200);

    [Theory]
    [InlineData("3-1")]
    [InlineData("1,1")]
    [InlineData("2,1")]
    [InlineData("a")]
    [InlineData("1-2-3")]
    [InlineData("0-99999999999")]
    [InlineData("-1")]
    public void Broken_ranges_are_refused(string text) => Assert.Throws<FormatException>(() => ItemPlaces.Parse(text));

    [Fact]
    public void Scores_are_digits_where_they_can_be_and_read_back() => Gen.OneOf(Gen.Const(0.0), Gen.Const(1.0), Gen.Double[-5, 5]).Array[1, 20].Sample(values =>
    {
        var scores = new ItemScores(values);

        var text = JsonSerializer.Serialize(scores, RecordJson.Options);

        Assert.Equal(values.Select(value => Math.Round(value, 6)), JsonSerializer.Deserialize<ItemScores>(text, RecordJson.Options)!.Values);
        Assert.Equal(values.All(value => Math.Round(value, 6) is 0 or 1), text[0] == '"');
    }, iter: 200);

    [Fact]
    public void A_record_is_written_and_read_back_the_same()
    {
        using var folder = new TemporaryFolder();
        var store = new RecordStore(folder.File("results"));
        var record = Record([.. Lines(Dense, "vt", 512, 1, 0.25, 1), .. Lines(Snap, "vt", 512, 0, 0.5, 1), .. Lines(Dense, "vt", 1024, 1, 1), .. Lines(Snap, "vt", 1024, 0, 1)]);

        var stored = store.Write(record);
        var read = RecordStore.Read<BenchmarkRecord>(store.PathOf(stored));

        Assert.Equal(RecordJson.Format((object)stored), RecordJson.Format((object)read));
        Assert.Equal([("vt", 512), ("vt", 1024)], read.Cells.Select(cell => (cell.Task, cell.Length!.Value)));
        Assert.Equal([0, 0.5, 1], read.Cells[0].Rows[1].Scores["score"].Values);
        Assert.Equal("items", Path.GetFileName(Path.GetDirectoryName(store.PathOf(stored))));
        Assert.StartsWith("ruler-lst-ref-", stored.Id, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_with_the_same_scores_has_one_record_beside_broken_ones_too()
    {
        using var folder = new TemporaryFolder();
        var store = new RecordStore(folder.File("results"));
        var record = Record(Lines(Dense, "vt", 512, 1, 0));
        var stored = store.Write(record);
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(store.PathOf(stored))!, "a-broken-one.json"), "{");

        Assert.Equal(stored.Id, BenchmarkRecords.Same(store, record with { Created = "2026-02-02T00:00:00Z" })?.Id);
        Assert.Null(BenchmarkRecords.Same(store, Record(Lines(Dense, "vt", 512, 1, 1))));
        Assert.Throws<DataException>(() => store.ReadAll<BenchmarkRecord>(BenchmarkRecord.RecordKind));
    }

    [Fact]
    public void A_row_says_its_mean_its_interval_and_what_it_loses_against_dense()
    {
        double[] dense = [1, 1, 1, 0, 1], snap = [1, 0, 0, 0, 1];

        var cell = Record([.. Lines(Dense, "vt", 512, dense), .. Lines(Snap, "vt", 512, snap)]).Cells.Single();

        var (first, row) = (cell.Rows[0], cell.Rows[1]);
        Assert.Equal((0.8, null, 0), (first.Score, first.Difference, first.CompressedItems));
        Assert.Equal((0.4, -0.4, 5), (row.Score, row.Difference!.Value, row.CompressedItems));
        Assert.Equal(StandardErrors.Wilson(2, 5).Ci95, row.Ci95.ToArray(), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal(PairedComparison.Of(snap, dense).McNemarP, row.P!.Value, 1e-6);
        // Invented lines have 1000 + i entries of 512 bytes and 500 + i tokens.
        Assert.Equal(5010, row.KvEntriesFull);
        Assert.Equal(Math.Round(Enumerable.Range(0, 5).Sum(i => 512.0 * ((1000 + i) / 2)) / Enumerable.Range(0, 5).Sum(i => 500 + i), 2), row.BytesPerToken);
    }

    [Fact]
    public void What_tells_items_apart_goes_along()
    {
        var lines = Enumerable.Range(0, 3).Select(i => Line(i, Dense, 1) with { Depth = 10 * i, Further = new Dictionary<string, object> { ["template"] = $"T{i}", ["keys"] = i } });

        var labels = Record(lines).Cells.Single().Labels!;

        Assert.Equal(["depth", "keys", "template"], labels.Keys.Order());
        Assert.Equal("[0,10,20] [0,1,2] [\"T0\",\"T1\",\"T2\"]", $"{labels["depth"].ToJsonString()} {labels["keys"].ToJsonString()} {labels["template"].ToJsonString()}");
    }

    [Fact]
    public void A_task_may_have_a_perplexity()
    {
        var lines = new[] { -1.0, -2, -4.5 }.Select((loglik, i) => Line(i, Dense, 1, "lambada_openai", null) with { Prediction = null, Loglik = [loglik], Scores = new Dictionary<string, double> { ["acc"] = 1 } });

        var row = new BenchmarkCells().Of([.. lines], "acc", perplexity: row => Math.Exp(-row.Average(line => line.Loglik![0]))).Single().Rows.Single();

        Assert.Equal(Math.Exp(2.5), row.Perplexity!.Value, 1e-12);
        Assert.Equal(["acc", "loglik"], row.Scores.Keys);
    }

    [Fact]
    public void Every_row_needs_every_item()
    {
        var lines = Lines(Dense, "vt", 512, 1, 1).Concat(Lines(Snap, "vt", 512, 1));

        Assert.Contains("dense at 1:1 has 2 and snapkv at 2:1 1", Assert.Throws<DataException>(() => Record(lines)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_that_contradicts_itself_is_not_written()
    {
        using var folder = new TemporaryFolder();
        var store = new RecordStore(folder.File("results"));
        var good = Record([.. Lines(Dense, "vt", 512, 1, 0)]);
        BenchmarkRecord With(Func<CellRow, CellRow> change) => good with { Cells = [good.Cells[0] with { Rows = [change(good.Cells[0].Rows[0])] }] };

        foreach (var (wrong, why) in new (BenchmarkRecord, string)[]
        {
            (good with { Cells = [] }, "no cells"),
            (good with { Cells = [good.Cells[0], good.Cells[0]] }, "twice"),
            (good with { Methods = new Dictionary<string, System.Text.Json.Nodes.JsonObject>() }, "options"),
            (With(row => row with { Score = 0.4 }), "not the mean"),
            (With(row => row with { KvEntriesKept = row.KvEntriesFull + 1 }), "entries kept"),
            (With(row => row with { CompressedItems = 3 }), "3 compressed items of 2"),
            (With(row => row with { Scores = new Dictionary<string, ItemScores> { ["acc"] = new([1, 0]) } }), "no score 'score'"),
            (With(row => row with { Scores = new Dictionary<string, ItemScores> { ["score"] = new([0.5]) } }), "1 scores for 2 items"),
            (With(row => row with { Ci95 = [1, 0] }), "interval"),
        })
            Assert.Contains(why, Assert.Throws<DataException>(() => store.Write(wrong)).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.File("results")));
    }

    [Fact]
    public void Items_are_told_apart_by_their_number_in_the_cell_whatever_else_was_run()
    {
        // Behind twenty samples of another length, and alone.
        var behind = Lines(Dense, "vt", 1024, 1, 0).Select(line => line with { ItemIndex = line.ItemIndex + 20 }).ToList();

        var cell = new BenchmarkCells().Of(behind, "score", placeOf: item => int.Parse(item.Split('-')[1], System.Globalization.CultureInfo.InvariantCulture)).Single();

        Assert.Equal([0, 1], cell.Items.All);
    }

    [Fact]
    public void A_perplexity_is_compared_with_dense_in_pairs()
    {
        IEnumerable<ItemLine> Of(ItemRow row, params double[] logliks) => logliks.Select((loglik, i) => Line(i, row, 1, "lambada_openai", null) with { Prediction = null, Loglik = [loglik] });

        var row = new BenchmarkCells().Of([.. Of(Dense, -1, -2), .. Of(Snap, -1.5, -2.5)], "acc", perplexity: lines => Math.Exp(-lines.Average(line => line.Loglik![0]))).Single().Rows[1];

        Assert.Equal(Math.Exp(0.5), row.PerplexityOverDense!.Value, 1e-12);
        Assert.Equal(Math.Exp(0.5), row.PerplexityOverDenseCi95![0], 1e-5);
    }
}
