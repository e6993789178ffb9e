using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace LST.Cli.Tests;

/// <summary>Measured against predicted memory of whole runs, each in a process of its own.</summary>
public sealed partial class TrainMemoryTests : IDisposable
{
    private readonly CliRun cli = new();

    /// <summary>Small runs are mostly what runtime and libraries take.</summary>
    [Fact]
    public Task A_small_shape_takes_about_what_was_predicted() => Compare(0.25, "--shape", "smollm2-135m", "--layers", "6", "--max-steps", "3");

    [Fact]
    [Trait("Category", "slow")]
    public Task Two_layers_of_seven_billion_take_what_was_predicted() => Compare(0.15, "--shape", "llama-2-7b", "--layers", "2", "--max-steps", "10");

    public void Dispose() => cli.Dispose();

    private async Task Compare(double tolerance, params string[] line)
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("the prediction knows the allocator of Linux");
        var text = cli.Write("text.txt", TrainingText.Words(12000));
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "lst.dll"), "train", .. line, "--texts", text, "--dev", text, "--kinds", "text=1", "--output-dir", cli.At("run")])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(process.ExitCode == 0, await error);
        var match = Numbers().Match(await output);
        Assert.True(match.Success, await output);
        TestContext.Current.TestOutputHelper?.WriteLine($"{match.Value}, {clock.Elapsed.TotalSeconds:0} s");
        var (measured, predicted) = (Bytes(match.Groups[1].Value), Bytes(match.Groups[2].Value));
        Assert.InRange(predicted / measured, 1 - tolerance, 1 + tolerance);
    }

    private static double Bytes(string text) => double.Parse(text.Split(' ')[0], CultureInfo.InvariantCulture) * (text.EndsWith("GB") ? 1e9 : 1e6);

    [GeneratedRegex(@"peak memory (\S+ [GM]B) \(predicted (\S+ [GM]B)\)")]
    private static partial Regex Numbers();
}
