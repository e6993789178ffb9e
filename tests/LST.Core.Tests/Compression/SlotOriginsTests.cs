using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Tests.Models;

namespace LST.Core.Tests.Compression;

/// <summary>What methods say of their slots is what the slots hold.</summary>
[Collection(InvariantMatrix.Name)]
public class SlotOriginsTests(CompressedCells cells)
{
    private static readonly Ratio[] Ratios = [Ratio.One, Ratio.Of(2), Ratio.Of(4)];

    [Theory, MemberData(nameof(MethodCases.Methods), MemberType = typeof(MethodCases))]
    public void Every_slot_has_tokens_whose_weights_sum_up_to_one_and_no_token_is_in_two(string method)
    {
        var pairs = method.Contains("pairs", StringComparison.Ordinal);
        var adds = MethodSpec.Parse(method).HasTraits(MethodTraits.Adds);
        Each(method, (layer, _, made, origins) =>
        {
            for (var h = 0; h < made.KeyValueHeads; h++)
            {
                Assert.Equal(made.Length(0, h), origins[h].Count);
                Assert.All(origins[h], origin =>
                {
                    Assert.Equal(origin.Tokens.Order().Distinct(), origin.Tokens);
                    Assert.All(origin.Tokens, token => Assert.InRange(token, 0, layer.Tokens - 1));
                    Assert.Equal(origin.Tokens.Count, origin.Weights.Count);
                    if (!adds) Assert.Equal(1, origin.Weights.Sum(), 1e-5);
                });
                if (adds) continue;
                var groups = pairs ? origins[h].Select(origin => string.Join(' ', origin.Tokens)).Distinct().SelectMany(text => text.Split(' ')).ToList() : [.. origins[h].SelectMany(origin => origin.Tokens).Select(token => token.ToString())];
                Assert.Equal(groups.Distinct().Count(), groups.Count);
                if (made.Counts is not null && !pairs)
                    Assert.Equal(made.Counts[made.Offsets[h]..(made.Offsets[h] + made.Length(0, h))], origins[h].Select(origin => (float)origin.Tokens.Count));
            }
        });
    }

    [Theory, MemberData(nameof(MethodCases.Methods), MemberType = typeof(MethodCases))]
    public void Kept_slots_hold_the_value_of_their_token(string method) => Each(method, (layer, _, made, origins) =>
    {
        var (dense, held, width) = (PlainNumbers.Heads(layer.Values), PlainNumbers.Of(made.Values), layer.Config.HeadDim);
        for (var h = 0; h < made.KeyValueHeads; h++)
            for (var i = 0; i < origins[h].Count; i++)
                if (origins[h][i].Part != SlotPart.Merged) Assert.Equal(dense[h][origins[h][i].Tokens.Single()], PlainNumbers.Row(held, made.Offsets[h] + i, width).ToArray());
    });

    [Theory]
    [InlineData("mean:log-mass=true"), InlineData("mean:key-space=pre-rope:log-mass=true"), InlineData("mean:grouping=fixed-window:sinks=2:recent=2"), InlineData("mean:budget=middle")]
    [InlineData("lst:sidecar=untrained"), InlineData("lst:sidecar=random-choice"), InlineData("lst:sidecar=random-choice-budgets")]
    [InlineData("cam"), InlineData("cam:base=h2o:sampling=expectation"), InlineData("kvmerger"), InlineData("kvmerger:mode=paper:epsilon=0.3"), InlineData("weightedkv"), InlineData("weightedkv:mode=segment-mean")]
    public void Merged_values_are_the_weighted_means_of_their_tokens(string method)
    {
        var merged = 0;
        Each(method, (layer, _, made, origins) =>
        {
            var (dense, held, width) = (PlainNumbers.Heads(layer.Values), PlainNumbers.Of(made.Values), layer.Config.HeadDim);
            for (var h = 0; h < made.KeyValueHeads; h++)
                for (var i = 0; i < origins[h].Count; i++)
                {
                    if (origins[h][i].Part != SlotPart.Merged) continue;
                    merged++;
                    var (origin, slot) = (origins[h][i], PlainNumbers.Row(held, made.Offsets[h] + i, width).ToArray());
                    var mean = Enumerable.Range(0, width).Select(d => origin.Tokens.Zip(origin.Weights, (token, weight) => weight * dense[h][token][d]).Sum()).ToArray();
                    Assert.True(PlainNumbers.Distance(mean, slot) < 1e-5, $"{method}, layer {layer.Layer}, head {h}, slot {i}");
                }
        });
        Assert.True(merged > 0);
    }

    [Theory]
    [InlineData("streaming", 4, 99), InlineData("streaming:positions=cache-index", 4, 99), InlineData("random", 4, 8), InlineData("h2o", null, null), InlineData("mean", 4, 8), InlineData("lst:sidecar=untrained", 4, 8), InlineData("kvmerger:recent=6:heavy=0", null, null)]
    public void Sinks_and_recents_are_told_apart(string method, int? sinks, int? recent) => Each(method, (layer, budget, made, origins) =>
    {
        if (made.Length(0, 0) == layer.Tokens) return;
        var spec = MethodSpec.Parse(method);
        var (first, last) = sinks is null ? spec.Protected(budget.Slots, budget.Ratio) : (sinks.Value, recent!.Value);
        last = Math.Min(last, made.Length(0, 0) - first);
        for (var h = 0; h < made.KeyValueHeads; h++)
        {
            Assert.Equal(Enumerable.Range(0, first), origins[h].Where(origin => origin.Part == SlotPart.Sink).Select(origin => origin.Tokens.Single()));
            Assert.Equal(Enumerable.Range(layer.Tokens - last, last), origins[h].Where(origin => origin.Part == SlotPart.Recent).Select(origin => origin.Tokens.Single()));
        }
    }, Ratio.Of(2));

    [Fact]
    public void A_method_that_says_nothing_of_slots_that_are_no_tokens_is_refused()
    {
        var error = Assert.Throws<CompressionException>(() => Run(cells.Model("gqa", "fp32"), new Silent(MethodSpec.Parse("mean").Create()), [Ratio.Of(2)], (_, _, _, _) => { }));

        Assert.Contains("implement IKvCompressor.Origins", error.Message);
    }

    private void Each(string method, Action<LayerContext, LayerBudget, CompressedLayer, IReadOnlyList<IReadOnlyList<SlotOrigin>>> check, params Ratio[] ratios)
    {
        using var compressor = MethodSpec.Parse(method).CreateWithPrompt();
        Run(cells.Model("gqa", "fp32"), compressor, ratios.Length == 0 ? Ratios : ratios, check);
    }

    private static void Run(LanguageModel model, IKvCompressor compressor, IReadOnlyList<Ratio> ratios, Action<LayerContext, LayerBudget, CompressedLayer, IReadOnlyList<IReadOnlyList<SlotOrigin>>> check)
    {
        var seen = 0;
        using (PromptCompression.Run(model, TinyModels.Prompt(61, 3), [.. ratios.Select(ratio => new CompressionJob(compressor, ratio)
        {
            OnLayer = (layer, budget, made) =>
            {
                seen++;
                check(layer, budget, made, compressor.Origins(layer, budget, made));
            },
        })]))
            Assert.Equal(ratios.Count * model.Config.Layers, seen);
    }

    // Forwards everything but what slots are made of.
    private sealed class Silent(IKvCompressor inner) : IKvCompressor
    {
        public CompressorNeeds Needs => inner.Needs;

        public BudgetPlan Plan(PlanContext context) => inner.Plan(context);

        public CompressedLayer Compress(LayerContext layer, LayerBudget budget) => inner.Compress(layer, budget);

        public void Dispose() => inner.Dispose();
    }
}
