using LST.Core;
using LST.Core.Compression;
using LST.Evaluation.Analysis;
using LST.Evaluation.Tests.Perplexity;
using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace LST.Evaluation.Tests.Analysis;

/// <summary>An analysis frees every tensor when it is disposed, and its views leave none behind.</summary>
[Collection(nameof(Alone))]
public sealed class LiveTensorTests(TinyPrompt tiny) : IClassFixture<TinyPrompt>
{
    private static (long Process, long Thread) Live => (Tensor.TotalCount, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

    [Fact]
    public void Opening_looking_and_closing_leaves_the_number_of_tensors_level() => Level(6, () =>
    {
        using var prompt = tiny.Open();
        Look(prompt);
    });

    [Fact]
    public void Views_of_an_open_prompt_leave_it_level()
    {
        using var prompt = tiny.Open();

        Level(6, () => Look(prompt));
    }

    [Fact]
    public void Failures_and_stops_leave_it_level() => Level(4, () =>
    {
        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => PromptAnalysis.Of(tiny.Model(), TinyPrompt.Ids(80), 60, cancel: stopped.Token));
        using var prompt = tiny.Open();
        Assert.ThrowsAny<OperationCanceledException>(() => prompt.Compress(MethodSpec.Parse("mean"), Ratio.Of(2), stopped.Token));
        Assert.Throws<UsageException>(() => prompt.ErrorGrid(MethodSpec.Parse("mean"), [Ratio.Of(2)], queries: 1000, cancel: TestContext.Current.CancellationToken));
        Assert.Throws<SidecarException>(() => prompt.Compress("lst", 2));
    });

    private static void Look(PromptAnalysis prompt)
    {
        (string, MethodSpec)[] methods = [("untrained", MethodSpec.Parse("lst:sidecar=untrained")), ("kvzip", MethodSpec.Parse("kvzip"))];
        prompt.Dense(0, 0, 40..50);
        foreach (var (_, method) in methods)
        {
            var made = prompt.Compress(method, Ratio.Of(3));
            made.Map(1, 5, 60..70);
            made.Ingredients(2, 1);
            made.MassLedger(0, 3, 60..62);
            made.LogMassPairs(0, 0);
            prompt.ErrorGrid(method, [Ratio.Of(3)], "gaussian", 8);
        }
        prompt.ErrorTails(methods, Ratio.Of(3), queries: 8);
        prompt.ProbeCloud(1, 1, methods, Ratio.Of(3), 8);
    }

    private static void Level(int rounds, Action work)
    {
        for (var warmUp = 0; warmUp < 2; warmUp++) work();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = Live;

        for (var round = 0; round < rounds; round++) work();

        Assert.Equal(before, Live);
    }
}
