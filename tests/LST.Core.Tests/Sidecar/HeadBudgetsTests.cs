using CsCheck;
using LST.Core.Compression;
using LST.Core.Sidecar;

namespace LST.Core.Tests.Sidecar;

/// <summary>Budgets of heads: whatever the shares, the total is L·H_kv·n.</summary>
public class HeadBudgetsTests
{
    [Fact]
    public void Parts_sum_to_the_total_within_their_bounds_and_follow_the_weights() =>
        (from weights in Gen.Double[0, 3].Array[1, 40]
         from least in Gen.Int[0, 20]
         from room in Gen.Int[0, 200]
         from fill in Gen.Double[0, 1]
         select (weights, least, room, fill)).Sample(x =>
         {
             var most = x.least + x.room;
             var total = ((long)x.least * x.weights.Length) + (long)(x.fill * x.room * x.weights.Length);

             var parts = LargestRemainder.Share(total, x.weights, x.least, most);

             Assert.Equal(total, parts.Sum(part => (long)part));
             Assert.All(parts, part => Assert.InRange(part, x.least, most));
             for (var i = 0; i < parts.Length; i++)
                 for (var j = 0; j < parts.Length; j++)
                     if (x.weights[i] > x.weights[j]) Assert.True(parts[i] >= parts[j] - 1, $"weight {x.weights[i]} got {parts[i]}, weight {x.weights[j]} got {parts[j]}");
         }, iter: 1000, threads: 1);

    [Fact]
    public void Free_parts_differ_from_their_exact_share_by_less_than_one()
    {
        var parts = LargestRemainder.Share(100, [1, 2, 3, 4.5], 0, 1000);

        // 9.52, 19.05, 28.57 and 42.86.
        Assert.Equal([9, 19, 29, 43], parts);
        Assert.Throws<ArgumentOutOfRangeException>(() => LargestRemainder.Share(3, [1, 1], 2, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => LargestRemainder.Share(11, [1, 1], 2, 5));
        Assert.Equal([5, 5], LargestRemainder.Share(10, [0, 0], 2, 5));
    }

    [Fact]
    public void Shares_of_heads_keep_the_total_exact() =>
        (from layers in Gen.Int[1, 4]
         from heads in Gen.Int[1, 4]
         from shares in Gen.Double[0, 2].Array[layers * heads]
         from recents in Gen.Double[0, 1].Array[layers * heads]
         from tokens in Gen.Int[2, 300]
         from ratio in Gen.Int[0, 3].Select(i => new[] { Ratio.Of(3, 2), Ratio.Of(2), Ratio.Of(4), Ratio.Of(8) }[i])
         from m in Gen.Int[1, 2]
         from hasRecents in Gen.Bool
         where shares.Sum() > 0.1
         select (layers, heads, shares, recents, tokens, ratio, m, hasRecents)).Sample(x =>
         {
             var mean = x.shares.Average();
             var config = WindowPlanTests.Config(x.m * 16, x.m) with
             {
                 HeadSlots = Rows(x.shares.Select(share => share / mean), x.heads), HeadRecent = x.hasRecents ? Rows(x.recents, x.heads) : null, Recent = "3", Sinks = "2",
             };
             var context = new PlanContext(x.tokens, x.layers, x.heads, x.ratio);
             // Shorter prompts than m tokens a slot cannot be cut into windows at all.
             if (context.IsIdentity || (!x.hasRecents && context.Slots < (context.Tokens + (x.m * 16) - 1) / (x.m * 16) * x.m)) return;

             var plans = HeadBudgets.Of(config, context).SelectMany(row => row).ToArray();

             Assert.Equal(x.layers * x.heads, plans.Length);
             Assert.Equal((long)plans.Length * context.Slots, plans.Sum(plan => (long)(plan?.Slots ?? x.tokens)));
             for (var i = 0; i < plans.Length; i++)
                 if (plans[i] is { } plan) Assert.InRange(plan.Recent, 0, (x.hasRecents ? x.recents[i] * plan.Slots : 3) + x.m);
         }, iter: 600, threads: 1);

    [Fact]
    public void Without_shares_every_head_has_the_same_plan()
    {
        var plans = HeadBudgets.Of(WindowPlanTests.Config(6, 1) with { Recent = "n/4" }, new PlanContext(101, 3, 2, Ratio.Of(2))).SelectMany(row => row).ToArray();

        Assert.Equal(6, plans.Length);
        Assert.All(plans, plan => Assert.Equal((50, 4, 12), (plan!.Slots, plan.Sinks, plan.Recent)));
    }

    private static IReadOnlyList<IReadOnlyList<double>> Rows(IEnumerable<double> flat, int heads) => [.. flat.Chunk(heads)];
}
