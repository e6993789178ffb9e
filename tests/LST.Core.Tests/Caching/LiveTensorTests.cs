using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Tests.Compression;
using LST.Core.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace LST.Core.Tests.Caching;

/// <summary>Every tensor is freed: the number of live ones is level over any number of prompts.</summary>
public class LiveTensorTests
{
    private const int Rounds = 25;

    // Statistics count per thread, so that test classes beside this one do not matter.
    private static long Live => DisposeScopeManager.Statistics.ThreadTotalLiveCount;

    [Fact]
    public void Compressing_and_continuing_with_every_method_keeps_the_live_count_level()
    {
        using var model = TinyModels.Load(TinyModels.Gqa with { Layers = 2 });
        var ids = TinyModels.Prompt(26, 1);
        var specs = MethodSpec.ParseList("all", sidecar: "untrained");
        Round(model, ids, specs);
        var before = Live;

        for (var round = 0; round < Rounds; round++) Round(model, ids, specs);

        Assert.Equal(before, Live);
    }

    [Fact]
    public void Options_do_not_leak_either()
    {
        using var model = TinyModels.Load(TinyModels.Gqa with { Layers = 1 });
        var ids = TinyModels.Prompt(26, 1);
        var specs = MethodCases.Typed.Select(typed => MethodSpec.Parse(typed)).ToList();
        Round(model, ids, specs);
        var before = Live;

        for (var round = 0; round < 3; round++) Round(model, ids, specs);

        Assert.Equal(before, Live);
    }

    [Fact]
    public void One_compressor_serves_many_prompts_without_keeping_any()
    {
        using var model = TinyModels.Load(TinyModels.Mha);
        var compressors = MethodCases.Typed.Select(typed => MethodSpec.Parse(typed).CreateWithPrompt()).ToList();
        void Prompt(int tokens) => PromptCompression.Run(model, TinyModels.Prompt(tokens, tokens), [.. compressors.Select(c => new CompressionJob(c, Ratio.Of(2)))],
            cancel: TestContext.Current.CancellationToken).Dispose();
        Prompt(19);
        var before = Live;

        foreach (var tokens in new[] { 30, 15, 22 }) Prompt(tokens);

        Assert.Equal(before, Live);
        foreach (var compressor in compressors) compressor.Dispose();
    }

    [Fact]
    public void Joining_samples_and_running_a_batch_keeps_the_live_count_level()
    {
        using var model = TinyModels.Load(TinyModels.Mha);
        using var cells = new CompressedCells();
        void Batch()
        {
            using var scope = NewDisposeScope();
            using var cache = CompressedCells.Joined(cells.Get("kvzip", "mha", "fp32"), 2, [0, 1, 2]);
            model.RunFrozen(tensor(TinyModels.Prompt(6, 2), 3, 2), cache);
        }
        Batch();
        var before = Live;

        for (var round = 0; round < 20; round++) Batch();

        Assert.Equal(before, Live);
    }

    [Fact]
    public void A_cancelled_run_frees_what_it_made()
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        var specs = MethodCases.Typed.Select(typed => MethodSpec.Parse(typed)).ToList();
        void Cancelled(int calls)
        {
            using var source = new CancellationTokenSource();
            using var stopping = new StoppingCompressor(calls, source);
            var compressors = specs.Select(spec => spec.CreateWithPrompt()).ToList();
            Assert.Throws<OperationCanceledException>(() => PromptCompression.Run(model, TinyModels.Prompt(20, 3),
                [.. compressors.Select(c => new CompressionJob(c, Ratio.Of(2))), new CompressionJob(stopping, Ratio.Of(2))], cancel: source.Token));
            foreach (var compressor in compressors) compressor.Dispose();
        }
        Cancelled(1);
        var before = Live;

        for (var calls = 1; calls <= model.Config.Layers; calls++) Cancelled(calls);

        Assert.Equal(before, Live);
    }

    [Fact]
    public void A_method_that_breaks_its_plan_is_named_and_its_tensors_are_freed()
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        string Broken()
        {
            using var breaking = new PlanBreaker();
            return Assert.Throws<CompressionException>(() => PromptCompression.Run(model, TinyModels.Prompt(20, 3), [new CompressionJob(breaking, Ratio.Of(2))],
                cancel: TestContext.Current.CancellationToken)).Message;
        }
        Broken();
        var before = Live;

        Assert.Contains("planned 10 slots, the method kept 20 of 20", Broken());
        Assert.Equal(before, Live);
    }

    private static void Round(LanguageModel model, long[] ids, IReadOnlyList<MethodSpec> specs)
    {
        using var scope = NewDisposeScope();
        var compressors = specs.Select(spec => spec.CreateWithPrompt()).ToList();
        var jobs = compressors.SelectMany(c => new[] { Ratio.Of(3, 2), Ratio.Of(2), Ratio.Of(4) }.Select(ratio => new CompressionJob(c, ratio))).ToList();
        using (var prompts = PromptCompression.Run(model, ids, jobs, cancel: TestContext.Current.CancellationToken))
            foreach (var job in prompts.Jobs) model.Logits(model.RunFrozen(TinyModels.Row(3, 4), job.Cache));
        foreach (var compressor in compressors) compressor.Dispose();
    }

    private sealed class StoppingCompressor(int calls, CancellationTokenSource source) : IKvCompressor
    {
        private int seen;

        public CompressorNeeds Needs => CompressorNeeds.None;

        public BudgetPlan Plan(PlanContext context) => BudgetPlan.Uniform(context, context.Slots);

        public Core.Caching.CompressedLayer Compress(LayerContext layer, LayerBudget budget)
        {
            if (++seen == calls) source.Cancel();
            return Selection.Same(layer, [.. Enumerable.Range(0, budget.SlotsByHead[0])]);
        }

        public void Dispose() { }
    }

    private sealed class PlanBreaker : IKvCompressor
    {
        public CompressorNeeds Needs => CompressorNeeds.None;

        public BudgetPlan Plan(PlanContext context) => BudgetPlan.Uniform(context, context.Slots);

        public Core.Caching.CompressedLayer Compress(LayerContext layer, LayerBudget budget) => Selection.Identity(layer);

        public void Dispose() { }
    }
}
