using System.Diagnostics;
using System.Text.Json.Nodes;

namespace LST.Cli.Tests;

/// <summary>Training as a process that is killed: what is on the disk then is all that the next one has.</summary>
public sealed class TrainKillTests : IDisposable
{
    private const int Steps = 32;
    // What windows are trained by, and what ./lst train makes of the preset lst: the choice of tokens, with budgets of heads behind the last step.
    private static readonly string[] Windows = ["--batch-size", "64", "--lambda-qpaa", "0.5"];
    private static readonly string[] Choice = ["--head-budgets", "4"];
    private readonly CliRun cli = new();
    private string[] form = Windows;

    private enum Moment
    {
        StartUp,
        Step,
        Checkpoint,
    }

    [Fact]
    public Task A_run_that_is_killed_three_times_ends_with_the_weights_of_one_that_was_not() => KillAndCompare(Windows, 3, seed: 1);

    [Fact]
    [Trait("Category", "slow")]
    public Task One_that_is_killed_twelve_times_does_so_too() => KillAndCompare(Windows, 12, seed: 2);

    [Fact]
    public Task A_choice_of_tokens_that_is_killed_three_times_ends_with_the_same_weights() => KillAndCompare(Choice, 3, seed: 3);

    [Fact]
    [Trait("Category", "slow")]
    public Task One_that_is_killed_twelve_times_ends_so_too() => KillAndCompare(Choice, 12, seed: 4);

    public void Dispose() => cli.Dispose();

    private async Task KillAndCompare(string[] trained, int kills, int seed)
    {
        form = trained;
        var text = cli.Write("text.txt", TrainingText.Words(6000));
        var whole = await Finish(text, "whole");
        Assert.True(whole.ExitCode == 0, whole.Error);

        var random = new Random(seed);
        for (var kill = 0; kill < kills; kill++) await Kill(text, (Moment)(kill % 3), random);
        var last = await Finish(text, "killed");

        Assert.True(last.ExitCode == 0, last.Error);
        foreach (var file in new[] { "final.safetensors", "best.safetensors" })
            Assert.Equal(Convert.ToHexString(File.ReadAllBytes(cli.At($"whole/{file}"))), Convert.ToHexString(File.ReadAllBytes(cli.At($"killed/{file}"))));
        Assert.Equal(Log("whole"), Log("killed"));
        Assert.DoesNotContain(Directory.GetFileSystemEntries(cli.At("killed/checkpoints")), entry => entry.EndsWith(".tmp", StringComparison.Ordinal));
    }

    // Kills while the process starts, in a step not far behind where it went on, or as soon as a checkpoint is being written.
    private async Task Kill(string text, Moment moment, Random random)
    {
        using var process = Start(text, "killed");
        var output = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        var (begun, lines, writings) = (Lines(), random.Next(2, 6), random.Next(1, 4));
        if (moment == Moment.StartUp) await Task.Delay(random.Next(50, 1500), TestContext.Current.CancellationToken);
        else
        {
            // A log that was there is cut before it grows.
            var least = begun;
            var left = Writing();
            HashSet<string> seen = [];
            while (!process.HasExited)
            {
                var now = Lines();
                least = Math.Min(least, now);
                seen.UnionWith(Writing().Except(left));
                if (moment == Moment.Step ? now >= least + lines : seen.Count == writings) break;
                await Task.Delay(1, TestContext.Current.CancellationToken);
            }
            // A checkpoint takes some milliseconds: its file, its manifest, its place, the end of older ones.
            await Task.Delay(random.Next(0, moment == Moment.Step ? 60 : 12), TestContext.Current.CancellationToken);
        }
        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        await Task.WhenAll(output.Item1, output.Item2);
        TestContext.Current.TestOutputHelper?.WriteLine($"killed at {moment}: {Lines()} lines, {string.Join(' ', Entries().Select(Path.GetFileName))}");
    }

    private string[] Entries() => Directory.Exists(cli.At("killed/checkpoints")) ? Directory.GetFileSystemEntries(cli.At("killed/checkpoints")) : [];

    private List<string> Writing() => [.. Entries().Where(entry => entry.EndsWith(".tmp", StringComparison.Ordinal))];

    private int Lines()
    {
        var file = cli.At("killed/log.jsonl");
        if (!File.Exists(file)) return 0;
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd().Count(c => c == '\n');
    }

    private List<string> Log(string folder) => [.. File.ReadLines(cli.At($"{folder}/log.jsonl")).Select(line =>
    {
        var json = JsonNode.Parse(line)!.AsObject();
        json.Remove("seconds");
        return json.ToJsonString();
    })];

    private Process Start(string text, string folder)
    {
        string[] line =
        [
            "train", "--texts", text, "--dev", text, "--prefix", "128", "--suffix", "32", "--pool", "8", "--dev-chunks", "1", "--dev-recall", "0", "--kinds", "text=1",
            "--max-steps", $"{Steps}", "--save-every", "2", "--threads", "1", .. form, "--output-dir", cli.At(folder),
        ];
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "lst.dll"), .. line]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = cli.Folder };
        // Only so can this process look into a log that the child has open.
        start.Environment["DOTNET_SYSTEM_IO_DISABLEFILELOCKING"] = "1";
        return Process.Start(start)!;
    }

    private async Task<CliResult> Finish(string text, string folder)
    {
        using var process = Start(text, folder);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new CliResult(process.ExitCode, await output, await error);
    }
}
