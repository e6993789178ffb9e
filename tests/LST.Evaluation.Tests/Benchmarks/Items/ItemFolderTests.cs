using System.Text.Json.Nodes;
using LST.Core;
using LST.Evaluation.Benchmarks.Items;

namespace LST.Evaluation.Tests.Benchmarks.Items;

public sealed class ItemFolderTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void Methods_and_data_join_and_everything_else_must_agree()
    {
        ItemFolder.Open(_temporary.Path, ExampleLines.Manifest("dense", "snapkv"));

        var folder = ItemFolder.Open(_temporary.Path, ExampleLines.Manifest("h2o") with { Data = new Dictionary<string, string> { ["more"] = "c" } });

        Assert.Equal(["dense", "h2o", "snapkv"], folder.Manifest.Methods.Keys);
        Assert.Equal(["more", "recall/dev.jsonl"], ItemManifest.Read(_temporary.Path)!.Data.Keys);
    }

    public static TheoryData<string> Changes => ["model", "weights_sha256", "seed", "mode", "benchmark", "settings.dtype", "settings.new", "methods.dense.sinks", "data.recall/dev.jsonl"];

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_command_that_disagrees_is_told_what_differs(string what)
    {
        var manifest = ExampleLines.Manifest("dense");
        ItemFolder.Open(_temporary.Path, manifest);
        var before = File.ReadAllBytes(_temporary.File("run.json"));
        var other = what switch
        {
            "model" => manifest with { Model = "smollm2" },
            "weights_sha256" => manifest with { WeightsSha256 = new string('f', 64) },
            "seed" => manifest with { Seed = 1 },
            "mode" => manifest with { Mode = "query-aware" },
            "benchmark" => manifest with { Benchmark = "ruler" },
            "settings.dtype" => manifest with { Settings = new JsonObject { ["dtype"] = "bfloat16", ["equal"] = "slots" } },
            "settings.new" => manifest with { Settings = new JsonObject { ["dtype"] = "float32", ["equal"] = "slots", ["new"] = 2 } },
            "methods.dense.sinks" => manifest with { Methods = new Dictionary<string, JsonObject> { ["dense"] = new() { ["sinks"] = 7 } } },
            _ => manifest with { Data = new Dictionary<string, string> { ["recall/dev.jsonl"] = "changed" } },
        };

        var message = Assert.Throws<UsageException>(() => ItemFolder.Open(_temporary.Path, other)).Message;

        Assert.Contains($"{what} is ", message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(_temporary.File("run.json")));
    }

    [Fact]
    public void The_same_command_again_agrees_whatever_numbers_its_settings_hold()
    {
        var manifest = ExampleLines.Manifest("dense") with { Settings = new JsonObject { ["limit"] = 5, ["ratio"] = 1.5, ["whole"] = 2.0, ["list"] = new JsonArray(1, "x"), ["none"] = null } };
        ItemFolder.Open(_temporary.Path, manifest);
        var before = File.ReadAllBytes(_temporary.File("run.json"));

        ItemFolder.Open(_temporary.Path, manifest);

        Assert.Equal(before, File.ReadAllBytes(_temporary.File("run.json")));
    }

    [Fact]
    public void Lines_without_what_they_have_in_common_are_not_added_to()
    {
        _temporary.Write("sub/recall.jsonl", "");

        Assert.Contains("no run.json", Assert.Throws<DataException>(() => ItemFolder.Open(_temporary.Path, ExampleLines.Manifest())).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", "cannot be read")]
    [InlineData("{\"schema_version\":1}", "cannot be read")]
    public void A_broken_manifest_is_not_overwritten(string content, string reason)
    {
        _temporary.Write("run.json", content);

        Assert.Contains(reason, Assert.Throws<DataException>(() => ItemFolder.Open(_temporary.Path, ExampleLines.Manifest())).Message, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText(_temporary.File("run.json")));
    }

    [Fact]
    public void A_file_is_no_folder()
    {
        var file = _temporary.Write("x", "");

        Assert.Contains("a file", Assert.Throws<UsageException>(() => ItemFolder.Open(file, ExampleLines.Manifest())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Commands_that_start_at_once_all_join()
    {
        Parallel.For(0, 12, i => ItemFolder.Open(_temporary.Path, ExampleLines.Manifest($"m{i:00}")));

        Assert.Equal(Enumerable.Range(0, 12).Select(i => $"m{i:00}"), ItemManifest.Read(_temporary.Path)!.Methods.Keys);
    }

    [Fact]
    public void Reading_gives_every_line_once_and_passes_over_a_torn_one()
    {
        ExampleLines.Run(_temporary.Path, 3, Shard.Parse("1/2"));
        ExampleLines.Run(_temporary.Path, 3, Shard.Parse("2/2"));
        File.Copy(_temporary.File("recall.1-of-2.jsonl"), _temporary.Write("copy/recall.jsonl", "").Replace("recall.jsonl", "again.jsonl", StringComparison.Ordinal));
        File.AppendAllText(_temporary.File("recall.2-of-2.jsonl"), "{\"task\":");

        var lines = ItemFolder.Read(_temporary.Path);

        Assert.Equal(3 * 4, lines.Count);
        Assert.Equal([0L, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2], lines.Select(line => line.ItemIndex));
        Assert.Equal(ExampleLines.Rows, lines.Take(4).Select(line => line.Row));
    }

    [Fact]
    public void A_folder_that_is_not_there_is_named() => Assert.Contains("nowhere", Assert.Throws<DataException>(() => ItemFolder.Read(_temporary.File("nowhere"))).Message, StringComparison.Ordinal);
}
