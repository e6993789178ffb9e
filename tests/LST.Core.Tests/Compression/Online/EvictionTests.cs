using LST.Core.Compression;
using LST.Core.Compression.Online;
using LST.Core.Models;
using LST.Core.Models.Generation;
using LST.Core.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;
using Generator = LST.Core.Models.Generation.Generator;

namespace LST.Core.Tests.Compression.Online;

/// <summary>Methods that drop slots while tokens arrive: the shared matrix of promises.</summary>
public class EvictionTests
{
    private static readonly string[] Typed =
    [
        "streaming", "streaming:positions=cache-index", "streaming:sinks=0", "h2o", "h2o:normalize=by-count:recent=0", "h2o:sinks=2:group=max:recent=n/4",
        "tova", "tova:keep-last=true", "knorm", "keydiff", "cam", "cam:sampling=expectation:denominator=max:targets=4", "cam:base=h2o", "weightedkv", "weightedkv:sinks=0:recent=3",
    ];

    public static TheoryData<string> Methods => [.. Typed];

    public static TheoryData<string, int> Steps => [.. from method in Typed from step in new[] { 1, 7, 16 } select (method, step)];

    [Theory, MemberData(nameof(Steps))]
    public void No_head_holds_more_than_its_budget_and_slots_are_tokens_in_order(string method, int step)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var compressor = (IOnlineCompressor)MethodSpec.Parse(method).Create();
        using var online = OnlineCompression.Empty(model, compressor, OnlineBudget.OfRatio(Ratio.Of(2), 20), segmentTokens: step);
        for (var seen = step; seen <= 112; seen += step)
        {
            using var inner = NewDisposeScope();
            online.Step(TinyModels.Row(TinyModels.Prompt(step, seen)));

            Assert.Equal(seen, online.NextPosition());
            foreach (var layer in online.Cache.Layers)
                for (var h = 0; h < 2; h++)
                {
                    Assert.Equal(Math.Min(seen, Math.Max(20, seen / 2)), layer.Prefix!.Length(0, h));
                    var positions = layer.Prefix.Positions.Slice(layer.Prefix.Offsets[h], layer.Prefix.Length(0, h)).ToArray();
                    Assert.Equal(positions.Distinct().Order(), positions);
                    Assert.InRange(positions[^1], 0, seen - 1);
                }
        }
    }

    [Theory, MemberData(nameof(Methods))]
    public void Prompts_of_unequal_length_in_a_batch_get_what_each_gets_alone(string method)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var compressor = (IOnlineCompressor)MethodSpec.Parse(method).Create();
        int[] lengths = [61, 40, 83];
        using var together = Continued(model, compressor, lengths, Ratio.Of(3));
        var alone = lengths.Select(length => Continued(model, compressor, [length], Ratio.Of(3))).ToList();
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
    public void Short_prompts_fill_their_budget_first(string method)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var compressor = (IOnlineCompressor)MethodSpec.Parse(method).Create();
        foreach (var lengths in new int[][] { [1], [5], [9], [3, 30] })
        {
            using var online = Continued(model, compressor, lengths, OnlineBudget.OfRatio(Ratio.Of(2), 8));
            for (var step = 0; step < 30; step++) online.Step(full(lengths.Length, 1, step, int64));
            for (var b = 0; b < lengths.Length; b++) Assert.InRange(online.Slots(b) / 6, 8, (lengths[b] + 30 + 1) / 2);
        }
    }

    [Theory, MemberData(nameof(Methods))]
    public void The_live_count_and_the_bytes_of_a_full_cache_stay_level(string method)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var compressor = (IOnlineCompressor)MethodSpec.Parse(method).Create();
        using (var online = OnlineCompression.Empty(model, compressor, OnlineBudget.Fixed(24)))
        {
            void Run(int steps)
            {
                for (var step = 0; step < steps; step++)
                {
                    using var inner = NewDisposeScope();
                    online.Step(TinyModels.Row(step % 96));
                }
            }
            Run(60);
            var (live, bytes) = (DisposeScopeManager.Statistics.ThreadTotalLiveCount, online.Bytes);

            Run(60);

            Assert.Equal(live, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
            Assert.Equal(bytes, online.Bytes);
        }
    }

    [Fact]
    public void Sinks_that_move_along_see_what_slot_numbers_would_show()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var moving = (IOnlineCompressor)MethodSpec.Parse("streaming:positions=cache-index:sinks=3").Create();
        using var online = OnlineCompression.Empty(model, moving, OnlineBudget.Fixed(12));
        for (var t = 0; t < 40; t++) online.Step(TinyModels.Row(TinyModels.Prompt(40, 1)[t]));
        // A cache of the same slots, each turned to its number, whose next token stands at n.
        using var numbered = model.NewCache(1);
        for (var l = 0; l < 3; l++)
        {
            var slots = online.Cache.Layers[l].Prefix!;
            var rows = stack([.. Enumerable.Range(0, 2).Select(h => slots.Keys.narrow(0, slots.Offsets[h], 12))]);
            var (cos, sin) = model.Rotary.Tables([.. slots.Positions.Slice(0, 12).ToArray().Select((position, slot) => (long)slot - position)]);
            var values = cat([.. Enumerable.Range(0, 2).Select(h => slots.Values.narrow(0, slots.Offsets[h], 12))]);
            numbered.Layers[l].Replace(new Core.Caching.CompressedLayer(1, 2, RotaryEmbedding.Rotate(rows, cos, sin).view(24, -1), values, [0, 12, 24], [.. Enumerable.Range(0, 12), .. Enumerable.Range(0, 12)]).Detached());
        }
        numbered.NextPositions[0] = 12;
        Assert.Equal([28, 29, 30, 31], online.Cache.Layers[0].Prefix!.Positions[..4].ToArray());

        var expected = model.RunFrozen(TinyModels.Row(5), numbered);

        Assert.InRange(PlainNumbers.Distance(expected, online.Step(TinyModels.Row(5))), 0, 1e-4);
    }

    [Theory]
    [InlineData("streaming", 4, "needs at least 5")]
    [InlineData("h2o:sinks=128", 128, "nothing to choose")]
    [InlineData("weightedkv", 5, "needs at least 6")]
    [InlineData("mean", 20, "has no cache of 20 slots")]
    public void Budgets_that_a_method_cannot_keep_are_refused(string method, int slots, string phrase)
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var compressor = (IOnlineCompressor)MethodSpec.Parse(method).Create();

        Assert.Contains(phrase, Assert.Throws<UsageException>(() => OnlineCompression.Empty(model, compressor, OnlineBudget.Fixed(slots))).Message);
    }

    [Theory, MemberData(nameof(Methods))]
    public void Prompts_of_a_few_tokens_go_on_with_what_they_have(string method)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var compressor = (IOnlineCompressor)MethodSpec.Parse(method).Create();
        for (var length = 1; length <= 5; length++)
        {
            using var online = Continued(model, compressor, [length], Ratio.Of(2));
            for (var step = 0; step < 12; step++) online.Step(TinyModels.Row(step));

            Assert.Equal(length + 12, online.Seen());
            Assert.InRange(online.Slots() / 6, 1, length + 12);
        }
    }

    [Theory]
    [InlineData("streaming")]
    [InlineData("streaming:positions=cache-index")]
    public void Tokens_seen_are_those_of_the_text_whatever_positions_slots_have(string method)
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        var request = new GenerationRequest(MethodSpec.Parse(method), Ratio.Of(2), 20, new SamplingOptions(), []) { IsOnline = true };

        var end = new Generator(model).Run([TinyModels.Prompt(100, 1)], request, cancel: TestContext.Current.CancellationToken)[0].End!;

        Assert.Equal((119, 59), (end.Tokens, end.Slots / 6));
    }

    [Theory, MemberData(nameof(Methods))]
    public void A_generator_goes_on_with_the_slots_of_its_prompt(string method)
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        var request = new GenerationRequest(MethodSpec.Parse(method), Ratio.Of(2), 30, new SamplingOptions(), []) { IsOnline = true };

        var result = new Generator(model).Run([TinyModels.Prompt(60, 1)], request, cancel: TestContext.Current.CancellationToken)[0];

        Assert.Equal(30, result.Ids.Length);
        Assert.InRange(result.End!.Slots / 6, 30, 45);
    }

    private static OnlineCompression Continued(LanguageModel model, IOnlineCompressor compressor, int[] lengths, OnlineBudget budget)
    {
        List<CompressedPrompts> prompts = [];
        List<PromptEnd> ends = [];
        try
        {
            foreach (var length in lengths)
            {
                prompts.Add(PromptCompression.Run(model, TinyModels.Prompt(length, length), [new CompressionJob(compressor, Ratio.Of(2)) { GoesOn = true }]));
                ends.Add(PromptEnd.Of(prompts[^1].Dense, 0));
            }
            return OnlineCompression.Continue(model, compressor, budget, [.. prompts.Select(prompt => prompt.Jobs[0].Cache)], ends);
        }
        finally
        {
            prompts.ForEach(prompt => prompt.Dispose());
            ends.ForEach(end => end.Dispose());
        }
    }
}
