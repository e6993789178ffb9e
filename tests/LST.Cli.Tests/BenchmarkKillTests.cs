using System.Diagnostics;
using LST.Evaluation.Benchmarks.Items;

namespace LST.Cli.Tests;

/// <summary>Benchmarks as processes that are killed: the lines on the disk are all that the next one has.</summary>
public sealed class BenchmarkKillTests : IDisposable
{
    private readonly CliRun cli = new();

    [Fact]
    public Task Recall_that_is_killed_three_times_ends_with_the_bytes_of_a_run_that_was_not() => KillAndCompare(Recall(30), "recall", kills: 3, mostItems: 4, seed: 1);

    [Fact]
    [Trait("Category", "slow")]
    public Task One_that_is_killed_ten_times_does_so_too() => KillAndCompare(Recall(90), "recall", kills: 10, mostItems: 6, seed: 2);

    // Answers of several rows are decoded together: where a line was torn, fewer rows are.
    [Fact]
    [Trait("Category", "slow")]
    public Task Generated_answers_of_a_run_that_is_killed_ten_times_are_the_same_too() =>
        KillAndCompare(["ruler", "--tasks", "vt", "--variant", "short", "--lengths", "320", "--limit", "40"], "vt", kills: 10, mostItems: 2, seed: 3);

    public void Dispose() => cli.Dispose();

    private string[] Recall(int items) => ["recall", "--items", InventedRecall.Write(cli, items)];

    private async Task KillAndCompare(string[] benchmark, string task, int kills, int mostItems, int seed)
    {
        var whole = await Finish(benchmark, "whole");
        Assert.True(whole.ExitCode == 0, whole.Error);
        var expected = File.ReadAllBytes(cli.At($"whole/{task}.jsonl"));

        var random = new Random(seed);
        for (var kill = 0; kill < kills; kill++)
        {
            await Kill(benchmark, task, kill % 3 == 1 ? 0 : random.Next(1, mostItems + 1), random);
            // What is there is the beginning of the whole run, down to the last byte.
            var there = Bytes(task);
            Assert.True(expected.AsSpan().StartsWith(there), $"after kill {kill}");
            // A process that is killed leaves whole lines; a machine that stops may not.
            if (kill % 2 == 0) Tear(task, random);
        }
        var left = Bytes(task);
        var (lines, rows) = (left.Count(b => b == '\n'), ItemFolder.Read(cli.At("whole")).Select(line => line.Row).Distinct().Count());
        var last = await Finish(benchmark, "killed");

        Assert.True(last.ExitCode == 0, last.Error);
        Assert.InRange(lines, 1, expected.Count(b => b == '\n') - 1);
        Assert.Contains($"items, {lines / rows} of them finished earlier", last.Error);
        Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString(Bytes(task)));
        Assert.Equal(File.ReadAllText(cli.At("whole/run.json")), File.ReadAllText(cli.At("killed/run.json")));
        Assert.Equal(Names("whole"), Names("killed"));
        Assert.Equal(TableOutput.Of(whole.Output), TableOutput.Of(last.Output));
        var keys = ItemFolder.Read(cli.At("killed")).Select(line => line.Key).ToList();
        Assert.Equal(keys.Count, keys.Distinct().Count());
    }

    // Kills behind so many further items, or while the process starts.
    private async Task Kill(string[] benchmark, string task, int items, Random random)
    {
        var before = Bytes(task);
        var kept = before.AsSpan().LastIndexOf((byte)'\n') + 1;
        using var process = Start(benchmark, "killed");
        var output = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        // An item's lines come together. A start is over with the first of them, however fast the machine is.
        var (length, grown, clock) = (kept, 0, Stopwatch.StartNew());
        var patience = items == 0 ? random.Next(50, 1500) : int.MaxValue;
        while (!process.HasExited && grown < Math.Max(1, items) && clock.ElapsedMilliseconds < patience)
        {
            var now = Bytes(task).Length;
            if (now > length && now != before.Length) (length, grown) = (now, grown + 1);
            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
        Assert.False(process.HasExited, "the run ended before it was killed");
        if (items > 0) await Task.Delay(random.Next(0, 30), TestContext.Current.CancellationToken);
        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        await Task.WhenAll(output.Item1, output.Item2);
        Assert.NotEqual(0, process.ExitCode);
        Assert.InRange(Bytes(task).Length, kept, int.MaxValue);
        TestContext.Current.TestOutputHelper?.WriteLine($"killed behind {items} items: {before.Length} bytes before, {Bytes(task).Length} behind");
    }

    private void Tear(string task, Random random)
    {
        if (Bytes(task) is not { Length: > 1 } bytes) return;
        var lastLine = bytes.Length - (bytes.AsSpan(0, bytes.Length - 1).LastIndexOf((byte)'\n') + 1);
        using var stream = new FileStream(cli.At($"killed/{task}.jsonl"), FileMode.Open, FileAccess.Write);
        stream.SetLength(bytes.Length - random.Next(1, lastLine));
    }

    private byte[] Bytes(string task)
    {
        var file = cli.At($"killed/{task}.jsonl");
        if (!File.Exists(file)) return [];
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    private List<string?> Names(string folder) => [.. Directory.GetFileSystemEntries(cli.At(folder)).Select(Path.GetFileName).Order(StringComparer.Ordinal)];

    private Process Start(string[] benchmark, string folder)
    {
        string[] line = ["eval", .. benchmark, "--methods", "streaming,h2o", "--ratios", "2,4", "--threads", "1", "--out", cli.At(folder)];
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "lst.dll"), .. line]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = cli.Folder };
        // Only so can this process look into a log that the child has open.
        start.Environment["DOTNET_SYSTEM_IO_DISABLEFILELOCKING"] = "1";
        return Process.Start(start)!;
    }

    private async Task<CliResult> Finish(string[] benchmark, string folder)
    {
        using var process = Start(benchmark, folder);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new CliResult(process.ExitCode, await output, await error);
    }
}
