using LST.Core.Compression;
using LST.Evaluation.Analysis;
using LST.Evaluation.Tests.Perplexity;

namespace LST.Evaluation.Tests.Analysis;

/// <summary>The model and the sidecars that ship can be looked at.</summary>
public sealed class ShippedSidecarTests(ReferenceModel reference) : IClassFixture<ReferenceModel>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, InlineData("lst", 2), InlineData("lst", 4), InlineData("lst", 8), InlineData("lst:preset=paper", 4)]
    public void No_token_is_in_two_slots_and_heads_that_merge_drop_none(string method, int ratio)
    {
        using var prompt = PromptAnalysis.Of(reference.Loaded, ReferenceModel.Prose, 256, 64, cancel: Stop);

        var made = prompt.Compress(method, ratio);

        Assert.Equal(8 * 4 * 256 / ratio, made.Slots);
        for (var layer = 0; layer < 8; layer++)
            for (var head = 0; head < 4; head++)
            {
                // Heads with a few slots in the middle have none to merge in: they drop what they do not keep.
                var slots = made.SlotsOf(layer, head);
                var tokens = slots.SelectMany(slot => slot.Tokens).ToList();
                Assert.Equal(tokens.Distinct().Count(), tokens.Count);
                if (slots.Any(slot => slot.Kind == SlotKind.Merged)) Assert.Equal(256, tokens.Count);
            }
    }

    [Fact]
    public void More_slots_lose_less()
    {
        using var prompt = PromptAnalysis.Of(reference.Loaded, ReferenceModel.Prose, 256, 64, cancel: Stop);

        var grid = prompt.ErrorGrid(MethodSpec.Parse("lst"), [Ratio.Of(2), Ratio.Of(8)], queries: 32, cancel: Stop);

        double Mean(int ratio) => grid.Median[ratio].Average(heads => heads.Average(error => (double)error));
        Assert.InRange(Mean(0), 0.001, Mean(1));
    }
}
