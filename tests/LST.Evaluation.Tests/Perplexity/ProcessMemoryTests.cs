using System.Diagnostics;
using LST.Evaluation.Records;

namespace LST.Evaluation.Tests.Perplexity;

/// <summary>The command itself, in a process of its own, with all methods on the model whose tables count.</summary>
[Trait("Category", "slow")]
public class ProcessMemoryTests
{
    private const long Limit = 2_500_000_000;

    [Fact]
    public async Task All_methods_on_SmolLM2_in_bfloat16_stay_below_two_and_a_half_gigabytes()
    {
        Shared.Require("data/wikitext-2/wiki.test.raw");
        Shared.Require("data/models/SmolLM2-135M-Instruct.Q4_1.gguf");
        var program = Path.Combine(Shared.RepositoryRoot, "src", "LST.Cli", "bin", "Release", "net10.0", "lst.dll");
        if (!File.Exists(program)) Assert.Skip("needs the command line: dotnet build src/LST.Cli -c Release");
        using var folder = new TemporaryFolder();
        var start = new ProcessStartInfo("dotnet",
            [program, "eval", "ppl", "--model", "smollm2", "--text", "wikitext2", "--chunks", "1", "--dtype", "bfloat16", "--methods", "all", "--ratios", "2,4,8"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["LST_RESULTS"] = folder.File("results");
        start.Environment["LST_WORK"] = folder.File("work");
        if (Shared.Folder is { } shared) start.Environment["LST_DATA"] = Path.Combine(shared, "data");
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(process.ExitCode == 0, output + await errors);
        var record = Assert.Single(new RecordStore(folder.File("results")).ReadAll<PerplexityRecord>("ppl"));
        TestContext.Current.TestOutputHelper?.WriteLine($"peak {record.PeakMemoryBytes / 1e6:0} MB");
        Assert.InRange(record.PeakMemoryBytes, 300_000_000, Limit);
        Assert.True(record.Rows.Count > 18);
    }
}
