using LST.Core;
using LST.Core.Compression;
using LST.Evaluation.Analysis;

namespace LST.Evaluation.Tests.Analysis;

/// <summary>Fates of tokens say what the slots hold, and no row takes more bytes than the others may.</summary>
public sealed class FateAnalysisTests(TinyPrompt tiny) : IClassFixture<TinyPrompt>
{
    private static readonly MethodSpec[] Methods = [.. MethodSpec.ParseList("random,mean:log-mass=true,streaming,h2o,snapkv:observe=4,cam,kvmerger:log-mass=true,weightedkv,adakv:observe=4,kvzip,attention-matching,lst:sidecar=untrained")];

    [Fact]
    public void Every_row_is_within_the_bytes_and_a_bias_costs_slots()
    {
        using var prompt = tiny.Open();

        var map = prompt.TokenFates(Methods, Ratio.Of(3), cancel: TestContext.Current.CancellationToken);

        Assert.Equal(Methods.Select(method => method.Typed), map.Rows.Select(row => row.Method));
        // Two heads of 16 numbers twice, and a position, of 60 tokens in 3 layers.
        Assert.Equal(3 * 60 * ((2 * 2 * 16 * 4) + 4), map.DenseBytes);
        Assert.All(map.Rows, row => Assert.InRange(row.Bytes, map.DenseBytes / 6, map.DenseBytes / 3));
        double Slots(string method) => map.Rows.Single(row => row.Method == method).SlotsAHead;
        Assert.Equal(20, Slots("streaming"));
        Assert.True(Slots("mean:log-mass=true") < Slots("streaming") && Slots("attention-matching") < Slots("streaming"));
    }

    [Fact]
    public void Each_token_has_the_fate_that_its_slots_give_it()
    {
        using var prompt = tiny.Open();
        (int Layer, int Head)[] heads = [(2, 1), (0, 0)];

        var map = prompt.TokenFates(Methods, Ratio.Of(2), heads, TestContext.Current.CancellationToken);

        Assert.Equal(heads, map.Heads);
        foreach (var row in map.Rows)
            for (var h = 0; h < heads.Length; h++)
            {
                var (slots, fates) = (row.Heads[h].Slots, row.Heads[h].Tokens);
                Assert.Equal(60, fates.Count);
                // Whatever is made of a slot's value, each slot has a token, and each that stays is the only one of its slot that does.
                Assert.All(fates.Where(fate => fate.Kind is not null), fate => Assert.InRange(fate.Slot, 0, slots - 1));
                Assert.Equal(fates.Count(fate => fate.Stays), fates.Where(fate => fate.Stays).Select(fate => fate.Slot).Distinct().Count());
            }
        HeadFates Of(string method) => map.Rows.Single(row => row.Method == method).Heads[0];
        Assert.Equal([0, 1, 2, 3], Enumerable.Range(0, 60).Where(t => Of("streaming").Tokens[t].Kind == SlotKind.Sink));
        Assert.Equal(30, Of("streaming").Tokens.Count(fate => fate.Stays));
        Assert.Equal(30, Of("streaming").Tokens.Count(fate => fate == TokenFate.Dropped));
        Assert.DoesNotContain(Of("mean:log-mass=true").Tokens, fate => fate.Kind is null);
        Assert.Contains(Of("mean:log-mass=true").Tokens, fate => fate is { Kind: SlotKind.Merged, Tokens: > 1, Slots: 1 });
        // Their keys stay: these are tokens, whatever was added to their values.
        Assert.Equal(Of("cam").Slots, Of("cam").Tokens.Count(fate => fate.Stays));
        Assert.Equal(Of("attention-matching").Slots, Of("attention-matching").Tokens.Count(fate => fate.Stays));
        Assert.Contains(Of("weightedkv").Tokens, fate => fate is { Kind: SlotKind.Kept, Tokens: > 1 });
    }

    [Fact]
    public void A_map_of_fates_can_be_narrowed_and_heads_are_checked()
    {
        using var prompt = tiny.Open();
        var map = prompt.TokenFates([.. MethodSpec.ParseList("random,streaming,h2o")], Ratio.Of(2), [(1, 0), (2, 1)], TestContext.Current.CancellationToken);

        Assert.Equal(["h2o", "random"], map.Only("h2o", "lst", "random").Rows.Select(row => row.Method));
        Assert.Equal([(2, 1)], map.InHead(1).Heads);
        Assert.Equal(map.Rows.Select(row => row.Heads[1]), map.InHead(1).Rows.Select(row => Assert.Single(row.Heads)));
        Assert.Contains("KV head 2 must be 0 to 1", Assert.Throws<UsageException>(() => prompt.TokenFates(Methods, Ratio.Of(2), [(1, 2)], TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Budgets_are_the_slots_of_the_caches()
    {
        using var prompt = tiny.Open();
        MethodSpec[] methods = [.. MethodSpec.ParseList("streaming,pyramidkv:observe=4,kvzip")];

        var grid = prompt.HeadBudgets(methods, Ratio.Of(3), TestContext.Current.CancellationToken);

        Assert.All(grid.Slots[0].SelectMany(row => row), slots => Assert.Equal(20, slots));
        Assert.True(grid.Slots[1][0][0] > grid.Slots[1][2][0]);
        Assert.Equal(3 * 2 * 20, grid.Slots[2].Sum(row => row.Sum()));
        Assert.Equal(prompt.Compress("kvzip", 3).SlotsOf(1, 1).Count, grid.Slots[2][1][1]);
    }

    [Fact]
    public void Errors_of_several_methods_are_those_of_each()
    {
        using var prompt = tiny.Open();
        MethodSpec[] methods = [.. MethodSpec.ParseList("streaming,h2o")];

        var both = prompt.ErrorGrid(methods, Ratio.Of(3), queries: 8, cancel: TestContext.Current.CancellationToken);
        var second = prompt.ErrorGrid(methods[1], [Ratio.Of(3)], queries: 8, cancel: TestContext.Current.CancellationToken);

        Assert.Equal(["streaming", "h2o"], both.Methods);
        Assert.Null(second.Methods);
        Assert.Equal(second.Median[0], both.Median[1]);
    }
}
