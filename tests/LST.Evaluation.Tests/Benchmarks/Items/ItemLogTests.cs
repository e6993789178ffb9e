using System.Text;
using LST.Core;
using LST.Evaluation.Benchmarks.Items;

namespace LST.Evaluation.Tests.Benchmarks.Items;

public sealed class ItemLogTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void A_run_that_was_stopped_anywhere_ends_with_the_same_bytes()
    {
        var whole = WholeRun(5);

        for (var stop = 0; stop <= 5; stop++)
        {
            using var folder = new TemporaryFolder();
            ExampleLines.Run(folder.Path, 5, stopBefore: stop);
            ExampleLines.Run(folder.Path, 5);
            Assert.Equal(whole, File.ReadAllBytes(folder.File("recall.jsonl")));
        }
    }

    [Fact]
    public void A_last_line_torn_at_any_byte_is_cut_off_and_scored_again()
    {
        var whole = WholeRun(2);
        var last = Array.LastIndexOf(whole, (byte)'\n', whole.Length - 2) + 1;
        ExampleLines.Run(_temporary.Path, 2);

        for (var cut = last; cut <= whole.Length; cut++)
        {
            File.WriteAllBytes(_temporary.File("recall.jsonl"), whole[..cut]);
            var goesOn = cut % 8 == 0 || cut >= whole.Length - 2;
            using (var log = ItemFolder.Open(_temporary.Path, ExampleLines.Manifest()).Log("recall"))
            {
                var isWhole = cut == whole.Length;
                Assert.Equal((isWhole ? 8 : 7, isWhole ? 0 : cut - last), (log.Count, log.CutBytes));
                Assert.Equal(isWhole, log.Contains("A-1", ExampleLines.Rows[3]));
                if (!isWhole && goesOn) log.Append(ExampleLines.Line(1, ExampleLines.Rows[3]));
            }
            Assert.Equal(goesOn ? whole : whole[..last], File.ReadAllBytes(_temporary.File("recall.jsonl")));
        }
    }

    [Fact]
    public void Another_broken_line_is_named_and_left_as_it_is()
    {
        ExampleLines.Run(_temporary.Path, 2);
        var lines = File.ReadAllText(_temporary.File("recall.jsonl")).Split('\n');
        lines[3] = lines[3][..^5];
        File.WriteAllText(_temporary.File("recall.jsonl"), string.Join('\n', lines));
        var before = File.ReadAllBytes(_temporary.File("recall.jsonl"));

        var message = Assert.Throws<DataException>(() => Open()).Message;

        Assert.Contains("recall.jsonl, line 4", message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(_temporary.File("recall.jsonl")));
    }

    [Fact]
    public void A_line_that_is_there_twice_is_named_with_both_places()
    {
        ExampleLines.Run(_temporary.Path, 1);
        File.AppendAllLines(_temporary.File("recall.jsonl"), [File.ReadLines(_temporary.File("recall.jsonl")).First()]);

        Assert.Contains("in lines 1 and 5", Assert.Throws<DataException>(() => Open()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_are_a_broken_line()
    {
        ExampleLines.Run(_temporary.Path, 1);
        var bytes = File.ReadAllBytes(_temporary.File("recall.jsonl"));
        bytes[bytes.AsSpan().IndexOf("dense"u8)] = 0xff;
        File.WriteAllBytes(_temporary.File("recall.jsonl"), bytes);

        Assert.Contains("line 1", Assert.Throws<DataException>(() => Open()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_of_another_task_or_shard_is_refused()
    {
        ExampleLines.Run(_temporary.Path, 2, task: "other");
        File.Move(_temporary.File("other.jsonl"), _temporary.File("recall.jsonl"));
        Assert.Contains("belongs to another", Assert.Throws<DataException>(() => Open()).Message, StringComparison.Ordinal);

        using var shards = new TemporaryFolder();
        using var log = ItemFolder.Open(shards.Path, ExampleLines.Manifest()).Log("recall", Shard.Parse("1/2"));
        Assert.Contains("another's", Assert.Throws<DataException>(() => log.Append(ExampleLines.Line(1, ExampleLines.Rows[0]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_process_at_a_time_writes_a_log_and_shards_are_apart()
    {
        var folder = ItemFolder.Open(_temporary.Path, ExampleLines.Manifest());
        using var first = folder.Log("recall", Shard.Parse("1/2"));
        using var second = folder.Log("recall", Shard.Parse("2/2"));

        Assert.Contains("other run", Assert.Throws<DataException>(() => folder.Log("recall", Shard.Parse("1/2"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1/3")]
    [InlineData("1/1")]
    public void Another_number_of_shards_is_refused(string other)
    {
        ExampleLines.Run(_temporary.Path, 4, Shard.Parse("1/2"));

        var message = Assert.Throws<UsageException>(() => ItemFolder.Open(_temporary.Path, ExampleLines.Manifest()).Log("recall", Shard.Parse(other))).Message;

        Assert.Contains("in 2 shards", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_task_whose_name_begins_alike_is_another()
    {
        ExampleLines.Run(_temporary.Path, 4, Shard.Parse("1/2"), "recall_long");

        ExampleLines.Run(_temporary.Path, 1);

        Assert.Equal(["recall.jsonl", "recall_long.1-of-2.jsonl"], Directory.GetFiles(_temporary.Path, "*.jsonl").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Nothing_is_scored_twice()
    {
        using var log = Open();
        log.Append(ExampleLines.Line(0, ExampleLines.Rows[0]));

        Assert.Throws<InvalidOperationException>(() => log.Append(ExampleLines.Line(0, ExampleLines.Rows[0])));
        Assert.Throws<InvalidOperationException>(() => log.Append(ExampleLines.Line(1, ExampleLines.Rows[0]), ExampleLines.Line(1, ExampleLines.Rows[0])));
        Assert.Equal(1, log.Count);
    }

    [Fact]
    public void A_line_that_cannot_be_written_leaves_the_others_of_its_item_out_too()
    {
        using (var log = Open())
        {
            log.Append(ExampleLines.Line(0, ExampleLines.Rows[0]));
            Assert.Throws<DataException>(() => log.Append(ExampleLines.Line(1, ExampleLines.Rows[0]), ExampleLines.Line(1, ExampleLines.Rows[1], score: double.NaN)));
        }

        Assert.Single(File.ReadAllLines(_temporary.File("recall.jsonl")));
    }

    [Fact]
    public void A_log_without_lines_leaves_no_file()
    {
        Open().Dispose();

        Assert.Empty(Directory.GetFiles(_temporary.Path, "*.jsonl"));
    }

    private ItemLog Open() => ItemFolder.Open(_temporary.Path, ExampleLines.Manifest("dense")).Log("recall");

    private static byte[] WholeRun(int items)
    {
        using var folder = new TemporaryFolder();
        ExampleLines.Run(folder.Path, items);
        var whole = File.ReadAllBytes(folder.File("recall.jsonl"));
        Assert.Equal(items * ExampleLines.Rows.Length, Encoding.UTF8.GetString(whole).Count(c => c == '\n'));
        return whole;
    }
}
