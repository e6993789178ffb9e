using CsCheck;
using LST.Core.Compression;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;

namespace LST.Core.Tests.Sidecar;

/// <summary>How tokens become slots: exact numbers, windows without gap, and what gives way when a prompt is short.</summary>
public class WindowPlanTests
{
    private static readonly Gen<(SidecarConfig Config, int Tokens, int Slots, int Sinks, int Recent)> Cases =
        from m in Gen.Int[1, 3]
        from longest in Gen.Int[m, 12]
        from tokens in Gen.Int[1, 300]
        from slots in Gen.Int[0, tokens + 2]
        from sinks in Gen.Int[0, 9]
        from recent in Gen.Int[0, 20]
        select (Config(longest, m), tokens, slots, sinks, recent);

    [Fact]
    public void Slots_are_exact_and_windows_cover_the_middle_in_order() =>
        Cases.Sample(x =>
        {
            var (m, longest) = (x.Config.SuperTokens, x.Config.LongestWindow);
            if (WindowPlan.Make(x.Config, x.Tokens, x.Slots, x.Sinks, x.Recent) is not { } plan) return;

            Assert.Equal(x.Slots, plan.Slots);
            Assert.InRange(plan.Sinks, 0, x.Sinks);
            // Slots that m does not divide are recents too.
            Assert.InRange(plan.Recent, 0, x.Recent + m - 1);
            Assert.NotEmpty(plan.Windows);
            var next = plan.Sinks;
            foreach (var (first, count) in plan.Windows)
            {
                Assert.Equal(next, first);
                next += count;
            }
            Assert.Equal(x.Tokens - plan.Recent, next);
            Assert.All(plan.Windows, window => Assert.InRange(window.Count, m, longest));
            Assert.InRange(plan.Windows.Max(window => window.Count) - plan.Windows.Min(window => window.Count), 0, 1);
        }, iter: 3000, threads: 1);

    [Fact]
    public void A_head_stays_as_it_is_only_where_no_windows_fit() =>
        Cases.Sample(x =>
        {
            if (WindowPlan.Make(x.Config, x.Tokens, x.Slots, x.Sinks, x.Recent) is not null) return;
            var (m, longest) = (x.Config.SuperTokens, x.Config.LongestWindow);
            // Every slot that can be part of a window, none protected but what m does not divide.
            var windows = x.Slots / m;
            Assert.True(x.Slots >= x.Tokens || x.Slots < m || x.Tokens - (x.Slots % m) > (long)windows * longest, $"{x.Tokens} tokens in {x.Slots} slots of windows up to {longest}, m = {m}");
        }, iter: 3000, threads: 1);

    [Fact]
    public void Protected_tokens_are_kept_where_the_middle_fits() =>
        Cases.Sample(x =>
        {
            var m = x.Config.SuperTokens;
            var windows = (x.Slots - x.Sinks - x.Recent) / m;
            if (windows < 1 || x.Slots >= x.Tokens) return;
            var kept = x.Slots - x.Sinks - (windows * m);
            if (x.Tokens - x.Sinks - kept > (long)windows * x.Config.LongestWindow) return;

            var plan = WindowPlan.Make(x.Config, x.Tokens, x.Slots, x.Sinks, x.Recent);

            Assert.Equal((x.Sinks, kept, windows), (plan!.Sinks, plan.Recent, plan.Windows.Count));
        }, iter: 3000, threads: 1);

    [Fact]
    public void Recents_join_the_middle_first_and_then_sinks()
    {
        // 60 tokens at 8:1: 7 slots of windows up to 10 tokens leave room for one sink.
        var plan = WindowPlan.Make(Config(10, 1), 60, 7, 4, 8)!;
        Assert.Equal((1, 0, 6), (plan.Sinks, plan.Recent, plan.Windows.Count));

        // Two tokens more in a window: recents still give way alone.
        plan = WindowPlan.Make(Config(20, 1), 60, 7, 4, 8)!;
        Assert.Equal((4, 0, 3), (plan.Sinks, plan.Recent, plan.Windows.Count));

        Assert.Null(WindowPlan.Make(Config(8, 1), 60, 7, 4, 8));
    }

    [Fact]
    public void Plans_of_equal_windows_are_equal()
    {
        var (one, same, other) = (WindowPlan.Make(Config(4, 1), 30, 15, 2, 3)!, WindowPlan.Make(Config(4, 1), 30, 15, 2, 3)!, WindowPlan.Make(Config(4, 1), 30, 15, 2, 4)!);

        Assert.Equal(one, same);
        Assert.Equal(one.GetHashCode(), same.GetHashCode());
        Assert.NotEqual(one, other);
    }

    internal static SidecarConfig Config(int longest, int m) => RandomSidecar.Config(SidecarNetwork.Trunk, TinyModels.Mha) with { LongestWindow = longest, SuperTokens = m };
}
