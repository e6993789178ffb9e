using System.Diagnostics;
using LST.Core;
using LST.Core.Compression;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Perplexity.Streaming;
using LST.Evaluation.Texts;
using static TorchSharp.torch;

namespace LST.Evaluation.Tests.Perplexity;

/// <summary>What a run takes against what was estimated before it; measured in a process of its own by the kernel's high-water mark.</summary>
public class MemoryTests
{
    private const string SettingsVariable = "LST_TEST_MEMORY_SETTINGS";
    private const string ResultVariable = "LST_TEST_MEMORY_RESULT";

    /// <summary>Protocol, P, S, methods, ratios, type. Small runs are mostly the estimate's constant part.</summary>
    [Theory]
    [InlineData("e1 1024 512 dense 2 float32")]
    [InlineData("e1 1024 512 random,mean,streaming,h2o,snapkv,cam,kvmerger,adakv,kvzip,lst,mean:log-mass=true 2,4,8 bfloat16")]
    [InlineData("e0 2048 1 dense 2 float32")]
    [InlineData("e2 512 16 streaming,h2o,cam,lst 2 float32")]
    public void A_run_stays_within_its_estimate_and_the_estimate_near_the_run(string settings) => Compare(settings);

    [Theory]
    [Trait("Category", "slow")]
    [InlineData("e1 1024 512 all,mean:log-mass=true 2,4,8 float32")]
    [InlineData("e1 1400 600 kvzip,mean:log-mass=true 3/2 float32")]
    public void Larger_runs_do_so_too(string settings) => Compare(settings);

    [Fact]
    public void A_run_that_cannot_fit_is_refused_before_anything_is_allocated()
    {
        using var loaded = LoadedModel.Open(ReferenceModel.Folder, float32, cancel: TestContext.Current.CancellationToken);
        // 12,000 caches of nearly full length: about 200 GB.
        var huge = new PerplexitySettings { Methods = MethodSpec.ParseList("random,streaming,snapkv"), Ratios = [.. Enumerable.Range(1, 4000).Select(i => Ratio.Of(100_000 + i, 100_000))] };
        var run = new PerplexityRun(loaded, huge);
        if (MemoryEstimate.Available() > run.MemoryNeeded) Assert.Skip("this machine could hold it");
        var progress = new Untouched();

        var error = Assert.Throws<DataException>(() => run.Run(ReferenceModel.Api, "huge", progress, TestContext.Current.CancellationToken));

        Assert.Matches(@"^one chunk with 12001 rows needs about \d+\.\d GB, \S+ [MG]B are free; take ", error.Message);
    }

    private sealed class Untouched : IRunProgress
    {
        public void Begin(string what, long total, long done = 0, string unit = "chunks") => Assert.Fail("the run has begun");

        public void Advance(long steps = 1, string? detail = null) => Assert.Fail("the run has begun");

        public void Note(string line) { }
    }

    [Fact]
    public void The_child_process_that_is_measured()
    {
        var asked = Environment.GetEnvironmentVariable(SettingsVariable)?.Split(' ');
        if (asked is null) Assert.Skip("runs only as the child of the tests above");
        using var loaded = LoadedModel.Open(ReferenceModel.Folder, PerplexitySettings.ParseDtype(asked[5]), cancel: TestContext.Current.CancellationToken);
        var text = TextCatalog.FromEnvironment().Load("api");
        var tiny = new PerplexitySettings { Prefix = 40, Suffix = 6, Chunks = 1, Methods = MethodSpec.ParseList("all") };
        new PerplexityRun(loaded, tiny).Run(text, "warm-up", cancel: TestContext.Current.CancellationToken);
        var settings = new PerplexitySettings
        {
            Protocol = asked[0], Prefix = int.Parse(asked[1]), Suffix = int.Parse(asked[2]), Chunks = 2,
            Methods = MethodSpec.ParseList(asked[3]), Ratios = [.. asked[4].Split(',').Select(Ratio.Parse)],
        };
        var (run, needed) = Prepared(loaded, settings);
        GC.Collect();
        File.WriteAllText("/proc/self/clear_refs", "5");
        var before = Status("VmRSS");

        run(text);

        File.WriteAllText(Environment.GetEnvironmentVariable(ResultVariable)!, $"{Status("VmHWM") - before} {needed}");
    }

    private static (Action<LoadedText> Run, long Needed) Prepared(LoadedModel loaded, PerplexitySettings settings)
    {
        if (settings.Protocol == "e2")
        {
            var streams = new StreamingRun(loaded, settings);
            return (text => streams.Run(text, "measured", cancel: TestContext.Current.CancellationToken), streams.MemoryNeeded);
        }
        var run = new PerplexityRun(loaded, settings);
        return (text => run.Run(text, "measured", cancel: TestContext.Current.CancellationToken), run.MemoryNeeded);
    }

    private static void Compare(string settings)
    {
        var (grown, estimate) = Measure(settings);

        TestContext.Current.TestOutputHelper?.WriteLine($"{settings}: grew by {grown / 1e6:0} MB, estimate {estimate / 1e6:0} MB");
        Assert.InRange(grown, 0, estimate);
        Assert.InRange(estimate, 0, Math.Max((long)(2.5 * grown), grown + 320_000_000)); // the constant part
    }

    private static (long Grown, long Estimate) Measure(string settings)
    {
        if (!File.Exists("/proc/self/clear_refs")) Assert.Skip("needs Linux: the peak is read from /proc");
        using var folder = new TemporaryFolder();
        var start = Shared.OwnProgram("-method", $"{typeof(MemoryTests).FullName}.{nameof(The_child_process_that_is_measured)}");
        start.RedirectStandardOutput = true;
        start.Environment[SettingsVariable] = settings;
        start.Environment[ResultVariable] = folder.File("result.txt");
        using var child = Process.Start(start)!;
        var output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        Assert.True(File.Exists(folder.File("result.txt")), output);
        var result = File.ReadAllText(folder.File("result.txt")).Split(' ').Select(long.Parse).ToArray();
        return (result[0], result[1]);
    }

    private static long Status(string field) => 1024 * long.Parse(File.ReadLines("/proc/self/status").Single(line => line.StartsWith(field + ":")).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);
}
