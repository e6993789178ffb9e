using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Sidecar;

namespace LST.Core.Training;

/// <summary>How each option cuts a prefix whose heads all take it: means with their mass, whatever the network will be. Made once for prefixes of equal length.</summary>
internal sealed class OptionWindows(SidecarConfig config, IReadOnlyList<HeadOption> options, Ratio ratio, LanguageModel model) : IDisposable
{
    private IReadOnlyList<Cut?> cuts = [];
    private int length = -1;

    /// <summary>One plan, and its windows in every KV head.</summary>
    public sealed record Cut(WindowPlan Plan, WideWindows Wide);

    /// <summary>One entry an option; null where heads stay dense and lose nothing. Valid until the next call.</summary>
    /// <param name="tokens">T.</param>
    public IReadOnlyList<Cut?> At(int tokens)
    {
        if (tokens == length) return cuts;
        Dispose();
        (cuts, length) = ([.. options.Select(option => Make(option, tokens))], tokens);
        return cuts;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var cut in cuts) cut?.Wide.Dispose();
        (cuts, length) = ([], -1);
    }

    private Cut? Make(HeadOption option, int tokens)
    {
        if (option.Slots >= ratio.Value) return null;
        var slots = Math.Max(2, (int)(option.Slots * ratio.Slots(tokens)));
        if (WindowPlan.MakeWide(tokens, slots, BudgetExpression.Evaluate("lst:sinks", config.Sinks, slots, ratio), (int)(option.Recent * slots)) is not { } plan) return null;
        return new Cut(plan, new WideWindows(new WindowLayout(config, [.. Enumerable.Repeat(plan, model.Config.KeyValueHeads)], tokens), model.Rotary, model.Device));
    }
}
