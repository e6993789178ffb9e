using System.Text.Json;
using LST.Core;
using LST.Evaluation.Benchmarks.ZeroShot;
using LST.Evaluation.Texts;

namespace LST.Evaluation.Tests.Benchmarks.ZeroShot;

public sealed class ZeroShotCatalogTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public static TheoryData<string> Tasks => [.. ZeroShotTask.All.Select(task => task.Name)];

    public void Dispose() => temporary.Dispose();

    [Theory, MemberData(nameof(Tasks))]
    public void Every_item_of_the_data_folder_is_read(string name)
    {
        var items = new ZeroShotCatalog([new DataFolder("shared", Shared.Require("data"))]).Load(ZeroShotTask.Of(name));

        Assert.StartsWith("shared zeroshot/", items.Source);
        Assert.Equal(File.ReadLines(Path.Combine(Shared.Require("data"), items.Source["shared ".Length..])).Count(), items.Documents.Count);
        Assert.Equal(Enumerable.Range(0, items.Documents.Count), items.Documents.Select(item => item.DocId));
        Assert.Equal(items.Documents.Count, items.Documents.Select(item => item.ItemId).Distinct().Count());
        Assert.All(items.Documents, item => Assert.All(item.Requests, request => Assert.StartsWith(" ", request.Continuation)));
    }

    // The harness's own fields are those of the data set's public form.
    [Theory, MemberData(nameof(Tasks))]
    public void The_harness_s_fields_give_the_same_requests_as_the_data_folder_s(string name)
    {
        var task = ZeroShotTask.Of(name);
        var items = new ZeroShotCatalog([new DataFolder("shared", Shared.Require("data"))]).Load(task);
        foreach (var line in File.ReadLines(Shared.Require($"goldens/hf-eval/tiny/{name}.jsonl")))
        {
            using var row = JsonDocument.Parse(line);
            var number = row.RootElement.GetProperty("doc_id").GetInt32();

            Assert.True(ZeroShotCatalog.Item(task, row.RootElement.GetProperty("doc"), number, "doc").Repeats(items.Documents[number]), $"{name} {number}");
        }
    }

    [Fact]
    public void Upstream_files_are_found_with_labels_beside_them()
    {
        temporary.Write("zeroshot/piqa/valid.jsonl", """{"goal":"g","sol1":"a","sol2":"b"}""" + "\n\n" + """{"goal":"h","sol1":"c","sol2":"d"}""" + "\r\n");
        temporary.Write("zeroshot/piqa/valid-labels.lst", "1\n0\n");

        var items = new ZeroShotCatalog([new DataFolder("project", temporary.Path)]).Load(ZeroShotTask.Of("piqa"));

        Assert.Equal([(0, "0", 1), (1, "1", 0)], items.Documents.Select(item => (item.DocId, item.ItemId, item.Gold!.Value)));
        Assert.Equal("project zeroshot/piqa/valid.jsonl", items.Source);
        // Other labels are other data.
        temporary.Write("zeroshot/piqa/valid-labels.lst", "1\n1\n");
        Assert.NotEqual(items.Sha256, new ZeroShotCatalog([new DataFolder("project", temporary.Path)]).Load(ZeroShotTask.Of("piqa")).Sha256);
    }

    [Fact]
    public void A_training_split_is_optional_and_a_missing_task_says_how_to_get_it()
    {
        temporary.Write("zeroshot/copa_train.jsonl", """{"id":1,"query":"The man ran, because","choices":["it rained.","he won."],"gold":0}""");
        var catalog = new ZeroShotCatalog([new DataFolder("project", temporary.Path)]);

        Assert.Null(catalog.LoadTraining(ZeroShotTask.Of("piqa")));
        Assert.Equal("1", catalog.LoadTraining(ZeroShotTask.Of("copa"))!.Documents[0].ItemId);
        var missing = Assert.Throws<DataException>(() => catalog.Load(ZeroShotTask.Of("copa"))).Message;
        Assert.Contains("zeroshot/copa.jsonl", missing);
        Assert.Contains("LST_DATA", missing);
    }

    [Theory]
    [InlineData("\n \n", "has no items of task 'piqa'")]
    [InlineData("{\"goal\":\"g\",\"sol1\":\"a\",\"sol2\":\"b\",\"label\":0}\n\n{\"question\":1}\n", "file x.jsonl line 3, an item of task 'piqa'")]
    public void A_file_without_items_or_with_a_foreign_line_is_refused(string content, string phrase) =>
        Assert.Contains(phrase, Assert.Throws<DataException>(() => ZeroShotCatalog.Read(ZeroShotTask.Of("piqa"), temporary.Write("x.jsonl", content))).Message);

    [Fact]
    public void A_name_that_a_data_set_repeats_gets_the_item_s_number_behind_it()
    {
        const string item = """{"id":4,"goal":"g","sol1":"a","sol2":"b","label":0}""";

        Assert.Equal(["4", "4#1"], ZeroShotCatalog.Read(ZeroShotTask.Of("piqa"), temporary.Write("x.jsonl", $"{item}\n{item}\n")).Documents.Select(read => read.ItemId));
    }

    [Fact]
    public void Labels_that_end_too_early_are_refused()
    {
        var path = temporary.Write("x.jsonl", """{"goal":"g","sol1":"a","sol2":"b"}""" + "\n" + """{"goal":"h","sol1":"c","sol2":"d"}""");
        temporary.Write("x-labels.lst", "1\n");

        Assert.Contains("more items than its 1 lines", Assert.Throws<DataException>(() => ZeroShotCatalog.Read(ZeroShotTask.Of("piqa"), path)).Message);
    }
}
