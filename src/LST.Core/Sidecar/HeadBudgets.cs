using LST.Core.Compression;

namespace LST.Core.Sidecar;

/// <summary>Slots and window plans of every layer and head; the total is exact: L·H_kv·n.</summary>
internal static class HeadBudgets
{
    /// <summary>Heads that are told their recents get at least a slot for as many tokens, so far as the budget allows.</summary>
    public const int LongestShare = 64;

    /// <summary>[L][H_kv] plans; null where a head stays as it is.</summary>
    public static IReadOnlyList<IReadOnlyList<WindowPlan?>> Of(SidecarConfig config, PlanContext context)
    {
        var slots = Slots(config, context);
        var plans = new Dictionary<(int Slots, int Recent), WindowPlan?>();
        return [.. Enumerable.Range(0, context.Layers).Select(l => (IReadOnlyList<WindowPlan?>)[.. Enumerable.Range(0, context.KeyValueHeads).Select(h =>
        {
            var n = slots[l, h];
            var recent = config.HeadRecent is { } shares ? (int)Math.Floor(shares[l][h] * n + 1e-9) : BudgetExpression.Evaluate("lst:recent", config.Recent, n, context.Ratio);
            if (!plans.TryGetValue((n, recent), out var plan))
            {
                var sinks = BudgetExpression.Evaluate("lst:sinks", config.Sinks, n, context.Ratio);
                plans[(n, recent)] = plan = config.HeadRecent is null ? WindowPlan.Make(config, context.Tokens, n, sinks, recent) : WindowPlan.MakeWithRecent(config, context.Tokens, n, sinks, recent);
            }
            return plan;
        })])];
    }

    /// <summary>[L, H_kv]: n everywhere, or each head's share of L·H_kv·n by largest remainders, kept between the shortest length that w_max allows and T.</summary>
    public static int[,] Slots(SidecarConfig config, PlanContext context)
    {
        var slots = new int[context.Layers, context.KeyValueHeads];
        if (config.HeadSlots is not { } shares)
        {
            for (var l = 0; l < context.Layers; l++) for (var h = 0; h < context.KeyValueHeads; h++) slots[l, h] = context.Slots;
            return slots;
        }
        // Heads that are told their recents may pool what is behind in wide windows; the others need w_max.
        var least = Math.Min(context.Slots, config.HeadRecent is null ? (context.Tokens + config.LongestWindow - 1) / config.LongestWindow * config.SuperTokens : Math.Max(2, context.Tokens / LongestShare));
        var wanted = from l in Enumerable.Range(0, context.Layers) from h in Enumerable.Range(0, context.KeyValueHeads) select shares[l][h];
        var shared = LargestRemainder.Share((long)context.Layers * context.KeyValueHeads * context.Slots, [.. wanted], least, context.Tokens);
        for (var i = 0; i < shared.Length; i++) slots[i / context.KeyValueHeads, i % context.KeyValueHeads] = shared[i];
        return slots;
    }
}
