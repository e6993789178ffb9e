using LST.Core.Attention;
using LST.Core.Compression;
using LST.Core.Compression.Online;
using LST.Core.Models;
using LST.Core.Models.Generation;
using LST.Core.Sidecar;
using LST.Core.Tests.Attention;
using LST.Core.Tests.Models;
using LST.Core.Tests.Sidecar.Online;
using TorchSharp;
using static TorchSharp.torch;
using Generator = LST.Core.Models.Generation.Generator;

namespace LST.Core.Tests.Compression.Online;

/// <summary>The driver: plans, positions, batches, decoding.</summary>
public class OnlineCompressionTests
{
    private static long Live => DisposeScopeManager.Statistics.ThreadTotalLiveCount;

    public static TheoryData<string, string> Methods => [.. from method in new[] { "mean:log-mass=true", "lst:sidecar=untrained" } from ratio in new[] { "2", "3/2", "4" } select (method, ratio)];

    [Theory, MemberData(nameof(Methods))]
    public void Slots_follow_the_plan_and_positions_are_true(string method, string ratio)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var compressor = (IOnlineCompressor)MethodSpec.Parse(method).Create();
        var r = Ratio.Parse(ratio);
        using var online = OnlineCompression.Empty(model, compressor, r);
        for (var t = 1; t <= 80; t++)
        {
            using var step = NewDisposeScope();
            online.Step(TinyModels.Row(t % 96));

            Assert.Equal(t, online.NextPosition());
            Assert.InRange(online.Slots() / 6, Math.Min(t, r.Slots(t)), r.Slots(t) + 4 + 8 + (int)Math.Ceiling(r.Value) - 1);
        }
        Assert.All(online.Cache.Layers, layer => Assert.Single(layer.Tail.Blocks));
    }

    [Fact]
    public void Logits_of_a_step_are_those_of_the_cache_before_it_is_compressed()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var compressor = (IOnlineCompressor)MethodSpec.Parse("mean").Create();
        using var online = OnlineCompression.Empty(model, compressor, Ratio.Of(2), segmentTokens: 16);
        online.Step(TinyModels.Row(TinyModels.Prompt(40, 1)));
        var segment = TinyModels.Row(TinyModels.Prompt(16, 2));
        var expected = model.RunFrozen(segment, online.Cache, new SegmentOptions { Append = false }).clone();

        var actual = online.Step(segment);

        Assert.Equal(PlainNumbers.Bits(expected), PlainNumbers.Bits(actual));
        Assert.Equal(56, online.NextPosition());
    }

    [Theory]
    [InlineData("fp32", "mha", 2e-4)]
    [InlineData("fp32", "gqa", 2e-4)]
    [InlineData("bf16", "gqa", 0.5)]
    public void Decode_kernels_and_the_tensor_program_agree_after_many_compressions(string type, string heads, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = TinyModels.Load(heads == "mha" ? TinyModels.Mha : TinyModels.Gqa, type == "fp32" ? float32 : bfloat16);
        using var sidecar = RandomSidecar.Of(model.Config, "lst", "2");
        using var compressor = SuperTokenCompressor.Around(sidecar);
        using var byKernels = Continued(model, compressor, [61, 40]);
        using var byTensors = Continued(model, compressor, [61, 40]);
        Assert.Equal("cpu", model.Attention.Name);
        using var loop = new DecodeLoop(model, byKernels);
        var random = new Random(3);
        for (var step = 0; step < 40; step++)
        {
            using var inner = NewDisposeScope();
            long[] ids = [random.Next(96), random.Next(96)];
            var expected = PlainNumbers.Of(model.Logits(byTensors.Step(tensor(ids, 2, 1))));

            var actual = loop.Next(ids).ToArray().Select(x => (double)x).ToArray();

            Assert.InRange(PlainNumbers.Distance(expected, actual), 0, tolerance);
        }
        Assert.Equal(byTensors.Slots(1), byKernels.Slots(1));
        Assert.Equal([101, 80], byKernels.Cache.NextPositions.ToArray());
    }

    [Fact]
    public void Sliding_windows_see_slots_that_were_appended()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = TinyModels.Load(TinyModels.Gqa with { SlidingWindow = 24 });
        using var compressor = (IOnlineCompressor)MethodSpec.Parse("mean:log-mass=true").Create();
        using var byKernels = Continued(model, compressor, [40]);
        using var byTensors = Continued(model, compressor, [40]);
        using var loop = new DecodeLoop(model, byKernels);
        model.Attention = new ComparedAttention(new LibraryAttention(), new ReferenceAttention());
        for (var step = 0; step < 30; step++)
        {
            using var inner = NewDisposeScope();
            var expected = PlainNumbers.Of(model.Logits(byTensors.Step(TinyModels.Row(step))));

            Assert.InRange(PlainNumbers.Distance(expected, loop.Next([step]).ToArray().Select(x => (double)x).ToArray()), 0, 2e-4);
        }
        Assert.InRange(((ComparedAttention)model.Attention).Largest, 0, 1e-5);
    }

    [Theory, MemberData(nameof(Methods))]
    public void Prompts_of_unequal_length_in_a_batch_get_what_each_gets_alone(string method, string ratio)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var compressor = (IOnlineCompressor)MethodSpec.Parse(method).Create();
        int[] lengths = [61, 40, 83];
        var r = Ratio.Parse(ratio);
        // In shorter prompts recents give way to the network's longest window, and the samples of a batch share the fewest.
        if (ratio == "4") lengths = [120, 160, 141];
        using var together = Continued(model, compressor, lengths, r);
        var alone = lengths.Select(length => Continued(model, compressor, [length], r)).ToList();
        for (var step = 0; step < 25; step++)
        {
            using var inner = NewDisposeScope();
            long[] ids = [step, step + 7, (step * 3) % 96];
            var hidden = together.Step(tensor(ids, 3, 1));
            for (var b = 0; b < 3; b++) Assert.InRange(PlainNumbers.Distance(hidden[b], alone[b].Step(TinyModels.Row(ids[b]))[0]), 0, 1e-4);
        }
        for (var b = 0; b < 3; b++) Assert.Equal((alone[b].Slots(), alone[b].NextPosition()), (together.Slots(b), together.NextPosition(b)));
        alone.ForEach(one => one.Dispose());
    }

    [Theory, MemberData(nameof(Methods))]
    public void Prompts_shorter_than_sinks_and_recents_go_on_beside_long_ones(string method, string ratio)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var compressor = (IOnlineCompressor)MethodSpec.Parse(method).Create();
        foreach (var lengths in new int[][] { [1], [3], [5], [12], [13], [31], [1, 50], [6, 50, 3] })
        {
            using var online = Continued(model, compressor, lengths, Ratio.Parse(ratio));
            for (var step = 0; step < 30; step++) online.Step(full(lengths.Length, 1, step, int64));

            for (var b = 0; b < lengths.Length; b++)
            {
                Assert.Equal(lengths[b] + 30, online.NextPosition(b));
                var prefix = online.Cache.Layers[0].Prefix!;
                var positions = prefix.Positions.Slice(prefix.Offsets[b * 2], prefix.Length(b, 0)).ToArray();
                Assert.Equal(positions.Distinct().Order(), positions);
                Assert.True(positions[^1] < online.NextPosition(b) - online.Cache.Layers[0].Tail.Length);
                // Every token is in one slot or in the tail.
                Assert.Equal(online.NextPosition(b), prefix.Counts!.Skip(prefix.Offsets[b * 2]).Take(prefix.Length(b, 0)).Sum() + online.Cache.Layers[0].Tail.Length);
            }
        }
    }

    [Fact]
    public void Heads_with_budgets_of_their_own_go_on_side_by_side()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var sidecar = RandomSidecar.Of(model.Config, "lst", "2", config => config with
        {
            LongestWindow = 8,
            HeadSlots = [[0.7, 1.3], [1.2, 0.8], [1, 1]],
            HeadRecent = [[0.4, 0.1], [0.25, 0.5], [0.3, 0.3]],
        });
        using var compressor = SuperTokenCompressor.Around(sidecar);
        using var byKernels = Continued(model, compressor, [61, 50]);
        using var byTensors = Continued(model, compressor, [61, 50]);
        Assert.False(byKernels.Cache.Layers[0].Prefix!.IsUniform);
        // The head with the fewest recents, a tenth of its slots in the shorter prompt, says how many join the tail.
        Assert.Equal(byKernels.Cache.Layers[1].Tail.Length, byKernels.Cache.Layers[0].Tail.Length);
        Assert.InRange(byKernels.Cache.Layers[0].Tail.Length, 1, 4);
        using var loop = new DecodeLoop(model, byKernels);
        for (var step = 0; step < 40; step++)
        {
            using var inner = NewDisposeScope();
            var expected = PlainNumbers.Of(model.Logits(byTensors.Step(tensor(new long[] { step, 90 - step }, 2, 1))));

            Assert.InRange(PlainNumbers.Distance(expected, loop.Next([step, 90 - step]).ToArray().Select(x => (double)x).ToArray()), 0, 2e-4);
        }
        foreach (var layer in byKernels.Cache.Layers)
            for (var i = 0; i < 4; i++)
                Assert.Equal(byKernels.NextPosition(i / 2), layer.Prefix!.Counts!.Skip(layer.Prefix.Offsets[i]).Take(layer.Prefix.Length(i / 2, i % 2)).Sum() + layer.Tail.Length, 1e-3);
    }

    [Fact]
    public void A_head_that_does_not_hold_what_was_planned_is_named()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var compressor = new Forgetful();
        using var online = OnlineCompression.Empty(model, compressor, Ratio.Of(2));
        for (var t = 0; t < 13; t++) online.Step(TinyModels.Row(t));

        var error = Assert.Throws<CompressionException>(() => online.Step(TinyModels.Row(13)));

        Assert.Contains("sample 0, layer 0, head 0: after 14 tokens 13 slots were planned, 20 at most, and 14 are held", error.Message);
    }

    [Fact]
    public void The_live_count_and_the_bytes_of_the_tail_stay_level()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var sidecar = RandomSidecar.Of(model.Config, "lst", "2");
        using var compressor = SuperTokenCompressor.Around(sidecar);
        void Round(int steps)
        {
            using var inner = NewDisposeScope();
            using var online = Continued(model, compressor, [30, 41]);
            using var loop = new DecodeLoop(model, online);
            for (var step = 0; step < steps; step++) loop.Next([step % 96, 5]);
        }
        Round(6);
        var before = Live;

        foreach (var steps in new[] { 3, 40, 17 }) Round(steps);

        Assert.Equal(before, Live);
        using var running = OnlineCompression.Empty(model, compressor, Ratio.Of(2));
        using var decoding = new DecodeLoop(model, running);
        for (var step = 0; step < 30; step++) decoding.Next([step]);
        var (live, tail) = (Live, running.Cache.Layers[0].Tail.Bytes);
        for (var step = 0; step < 100; step++) decoding.Next([step % 96]);
        Assert.Equal((live, tail), (Live, running.Cache.Layers[0].Tail.Bytes));
    }

    [Fact]
    public void A_start_that_is_refused_frees_what_it_made()
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var compressor = (IOnlineCompressor)MethodSpec.Parse("mean:recent=n/2").Create();
        string Refused() => Assert.Throws<UsageException>(() => Continued(model, compressor, [30])).Message;
        Refused();
        var before = Live;

        Assert.Contains("depends on n", Refused());

        Assert.Equal(before, Live);
    }

    [Theory]
    [InlineData("mean:log-mass=true")]
    [InlineData("lst:sidecar=untrained")]
    public void A_generator_that_goes_on_online_tells_what_its_cache_became(string method)
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        var request = new GenerationRequest(MethodSpec.Parse(method), Ratio.Of(2), 30, new SamplingOptions(), []);
        long[][] prompts = [TinyModels.Prompt(44, 1), TinyModels.Prompt(61, 2)];

        var dense = new Generator(model).Run(prompts, request, cancel: TestContext.Current.CancellationToken);
        var online = new Generator(model).Run(prompts, request with { IsOnline = true }, cancel: TestContext.Current.CancellationToken);

        Assert.All(dense, result => Assert.Null(result.End));
        foreach (var (result, prompt) in online.Zip(prompts))
        {
            Assert.Equal(30, result.Ids.Length);
            Assert.Equal(prompt.Length + 29, result.End!.Tokens);
            Assert.InRange(result.End.Slots / 6, (prompt.Length + 29) / 2, ((prompt.Length + 29) / 2) + 4 + 8 + 1);
            // Everything that is held, and not much more.
            Assert.InRange(result.End.Bytes, result.End.Slots * 16 * 2 * 4, result.End.Slots * 16 * 2 * 4 * 2);
        }
        Assert.Equal(dense.Select(result => result.Ids[0]), online.Select(result => result.Ids[0]));
    }

    [Fact]
    public void A_generator_refuses_a_method_for_prompts_alone()
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        var request = new GenerationRequest(MethodSpec.Parse("snapkv"), Ratio.Of(2), 5, new SamplingOptions(), []) { IsOnline = true };

        Assert.Contains("'snapkv' compresses a prompt once", Assert.Throws<UsageException>(() => new Generator(model).Run([[1, 2, 3]], request, cancel: TestContext.Current.CancellationToken)).Message);
    }

    private static OnlineCompression Continued(LanguageModel model, IOnlineCompressor compressor, int[] lengths, Ratio? ratio = null)
    {
        var r = ratio ?? Ratio.Of(2);
        List<CompressedPrompts> prompts = [];
        List<PromptEnd> ends = [];
        try
        {
            var plan = OnlineCompression.PlanOf(model, compressor, r);
            foreach (var length in lengths)
            {
                prompts.Add(PromptCompression.Run(model, TinyModels.Prompt(length, length), [new CompressionJob(compressor, r) { GoesOn = true }]));
                ends.Add(PromptEnd.Of(prompts[^1].Dense, plan.PromptTokens));
            }
            return OnlineCompression.Continue(model, compressor, r, [.. prompts.Select(prompt => prompt.Jobs[0].Cache)], ends);
        }
        finally
        {
            prompts.ForEach(prompt => prompt.Dispose());
            ends.ForEach(end => end.Dispose());
        }
    }

    /// <summary>Plans as mean pooling does, and compresses nothing.</summary>
    private sealed class Forgetful : IOnlineCompressor
    {
        private readonly IOnlineCompressor inner = (IOnlineCompressor)MethodSpec.Parse("mean").Create();

        public CompressorNeeds Needs => inner.Needs;

        public IOnlinePlan PlanOnline(OnlineBudget budget) => inner.PlanOnline(budget);

        public IReadOnlyList<IOnlineLayer> Begin(OnlineStart start) => [.. inner.Begin(start).Select(layer => new Idle(layer))];

        public BudgetPlan Plan(PlanContext context) => inner.Plan(context);

        public Core.Caching.CompressedLayer Compress(LayerContext layer, LayerBudget budget) => inner.Compress(layer, budget);

        public void Dispose() => inner.Dispose();

        private sealed class Idle(IOnlineLayer inner) : IOnlineLayer
        {
            public long Bytes => inner.Bytes;

            public void OnStep(OnlineStep step) { }

            public long PlannedSlots(int sample, int head, long arrived) => inner.PlannedSlots(sample, head, arrived);

            public void Dispose() => inner.Dispose();
        }
    }
}
