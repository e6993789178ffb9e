using CsCheck;
using LST.Core;
using LST.Evaluation.Benchmarks.Items;

namespace LST.Evaluation.Tests.Benchmarks.Items;

public sealed class ItemMergeTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void Shards_merged_in_any_order_and_any_number_of_times_are_the_whole_run_byte_for_byte() =>
        Gen.Select(Gen.Int[1, 4], Gen.Int[1, 9], Gen.Int[0, 23], Gen.Bool).Sample((shards, items, order, together) =>
        {
            using var folder = new TemporaryFolder();
            ExampleLines.Run(folder.File("whole"), items);
            ExampleLines.Run(folder.File("whole"), items, task: "other");
            for (var i = 1; i <= shards; i++)
                foreach (var task in new[] { "recall", "other" })
                    ExampleLines.Run(folder.File(together ? "s" : $"s{i}"), items, Shard.Parse($"{i}/{shards}"), task);
            var inputs = together ? [folder.File("s")] : Permuted([.. Enumerable.Range(1, shards).Select(i => folder.File($"s{i}"))], order);

            ItemMerge.Into(folder.File("merged"), inputs);
            AssertSame(folder);
            ItemMerge.Into(folder.File("merged"), [.. inputs.Reverse()]);
            AssertSame(folder);
            ItemMerge.Into(folder.File("again"), [folder.File("merged"), .. inputs]);
            ItemMerge.Into(folder.File("merged"), [folder.File("again")]);
            AssertSame(folder);
        }, iter: 6, threads: 1);

    [Fact]
    public void Shards_that_are_merged_one_after_the_other_are_the_whole_run_too()
    {
        ExampleLines.Run(_temporary.File("whole"), 7);
        for (var i = 3; i >= 1; i--)
        {
            ExampleLines.Run(_temporary.File($"s{i}"), 7, Shard.Parse($"{i}/3"));
            ItemMerge.Into(_temporary.File("merged"), [_temporary.File($"s{i}")]);
        }

        AssertSame(_temporary, "recall");
    }

    [Fact]
    public void A_merged_folder_goes_on_as_one_run()
    {
        ExampleLines.Run(_temporary.File("whole"), 6);
        ExampleLines.Run(_temporary.File("s1"), 3, Shard.Parse("1/2"));
        ExampleLines.Run(_temporary.File("s2"), 3, Shard.Parse("2/2"));
        ItemMerge.Into(_temporary.File("merged"), [_temporary.File("s1"), _temporary.File("s2")]);

        ExampleLines.Run(_temporary.File("merged"), 6);

        AssertSame(_temporary, "recall");
    }

    [Fact]
    public void Different_lines_of_one_item_are_refused_and_nothing_is_written()
    {
        ExampleLines.Run(_temporary.File("a"), 2);
        ExampleLines.Run(_temporary.File("b"), 2);
        var path = Path.Combine(_temporary.File("b"), "recall.jsonl");
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"tokens_ctx\":501", "\"tokens_ctx\":502", StringComparison.Ordinal));

        var message = Assert.Throws<DataException>(() => ItemMerge.Into(_temporary.File("merged"), [_temporary.File("a"), _temporary.File("b")])).Message;

        Assert.Contains("item 'A-1' of 'recall' under dense at 1:1", message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_temporary.File("merged"), "*.json*"));
    }

    [Fact]
    public void Runs_that_do_not_belong_together_are_refused()
    {
        ExampleLines.Run(_temporary.File("a"), 1);
        ItemFolder.Open(_temporary.File("b"), ExampleLines.Manifest("dense") with { Seed = 3 });

        Assert.Contains("seed is 3 here and 0 there", Assert.Throws<UsageException>(() => ItemMerge.Into(_temporary.File("m"), [_temporary.File("a"), _temporary.File("b")])).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_temporary.File("m")));
    }

    [Fact]
    public void Inputs_must_be_there_and_the_output_must_be_apart()
    {
        ExampleLines.Run(_temporary.File("a"), 1);

        Assert.Throws<UsageException>(() => ItemMerge.Into(_temporary.File("m"), []));
        Assert.Throws<UsageException>(() => ItemMerge.Into(_temporary.File("a"), [_temporary.File("a")]));
        Assert.Throws<UsageException>(() => ItemMerge.Into(Path.Combine(_temporary.File("a"), "m"), [_temporary.File("a") + Path.DirectorySeparatorChar]));
        Assert.Contains("no run.json", Assert.Throws<DataException>(() => ItemMerge.Into(_temporary.File("m"), [_temporary.File("b")])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_is_under_way_is_waited_for()
    {
        ExampleLines.Run(_temporary.File("a"), 1);
        using var log = ItemFolder.Open(_temporary.File("a"), ExampleLines.Manifest()).Log("recall");

        Assert.Throws<DataException>(() => ItemMerge.Into(_temporary.File("m"), [_temporary.File("a")]));
    }

    private static void AssertSame(TemporaryFolder folder, params string[] tasks)
    {
        foreach (var task in tasks.DefaultIfEmpty("recall").Concat(tasks.Length == 0 ? ["other"] : []))
            Assert.Equal(File.ReadAllBytes(Path.Combine(folder.File("whole"), task + ".jsonl")), File.ReadAllBytes(Path.Combine(folder.File("merged"), task + ".jsonl")));
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder.File("whole"), "run.json")), File.ReadAllBytes(Path.Combine(folder.File("merged"), "run.json")));
    }

    private static string[] Permuted(string[] items, int order)
    {
        var left = items.ToList();
        var result = new List<string>();
        for (; left.Count > 0; order /= 4)
        {
            result.Add(left[order % left.Count]);
            left.RemoveAt(order % left.Count);
        }
        return [.. result];
    }
}
