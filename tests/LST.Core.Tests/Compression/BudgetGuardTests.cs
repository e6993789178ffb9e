using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using LST.Core.Tests.Sidecar;
using static TorchSharp.torch;

namespace LST.Core.Tests.Compression;

/// <summary>What a plan may have in all: heads that cannot be compressed take more, and give the others no more.</summary>
public sealed class BudgetGuardTests : IDisposable
{
    private const int Tokens = 40;

    private readonly LanguageModel model = TinyModels.Load(TinyModels.Gqa);

    [Fact]
    public void A_head_that_stays_whole_is_beyond_the_budget_and_passes()
    {
        using var prompts = Run(0);

        Assert.Equal((5 * 20) + Tokens, prompts.Jobs[0].Plan.Total);
        Assert.Equal(Tokens, prompts.Jobs[0].Cache.Layers[0].Prefix!.Length(0, 0));
    }

    [Fact]
    public void One_slot_too_many_in_another_head_is_refused_beside_it()
    {
        var error = Assert.Throws<CompressionException>(() => Run(1));

        Assert.StartsWith("141 slots were planned where 3 layers of 2 KV heads may have 140: 20 a head and 20 for heads that stay whole, for 40 tokens at 2:1", error.Message);
    }

    [Theory]
    [InlineData(2, 0)]
    [InlineData(8, 60 - 7)]
    public void Heads_without_windows_get_what_they_lack_and_heads_with_windows_nothing(int ratio, int beyond)
    {
        using var scope = NewDisposeScope();
        // Windows of up to 4 tokens do not reach 8:1.
        using var sidecar = RandomSidecar.Of(RandomSidecar.Config(SidecarNetwork.Trunk, TinyModels.Gqa), 2);
        using var compressor = SuperTokenCompressor.Around(sidecar);
        var context = new PlanContext(60, 3, 2, Ratio.Of(ratio));

        var plan = compressor.Plan(context);

        Assert.Equal((context.Slots, 6L * beyond), (plan.SlotsPerHead, plan.SlotsOfWholeHeads));
        Assert.Equal(plan.Most(context), plan.Total);
    }

    public void Dispose() => model.Dispose();

    private CompressedPrompts Run(int tooMany) => PromptCompression.Run(model, TinyModels.Prompt(Tokens, 3), [new CompressionJob(new OneWholeHead(tooMany), Ratio.Of(2))]);

    /// <summary>Leaves the first head of the first layer as it is, and takes slots too many in the second.</summary>
    private sealed class OneWholeHead(int tooMany) : IKvCompressor
    {
        public CompressorNeeds Needs => CompressorNeeds.None;

        public BudgetPlan Plan(PlanContext context)
        {
            var plan = BudgetPlan.Uniform(context, context.Slots);
            return plan with
            {
                Layers = [plan.Layers[0] with { SlotsByHead = [context.Tokens, context.Slots + tooMany] }, .. plan.Layers.Skip(1)],
                SlotsOfWholeHeads = context.Tokens - context.Slots,
            };
        }

        public CompressedLayer Compress(LayerContext layer, LayerBudget budget) => Selection.Gather(layer, [.. budget.SlotsByHead.Select(slots => (int[])[.. Enumerable.Range(0, slots)])]);

        public void Dispose() { }
    }
}
