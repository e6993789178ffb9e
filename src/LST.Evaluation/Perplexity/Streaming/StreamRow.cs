using LST.Core;
using LST.Core.Compression;
using LST.Core.Compression.Online;

namespace LST.Evaluation.Perplexity.Streaming;

/// <summary>One row of a streaming table: a method whose cache is bounded while tokens arrive.</summary>
/// <param name="Method">The method.</param>
/// <param name="Budget">Slots of a head.</param>
/// <param name="Ratio">The ratio asked for; for a number of slots, that of the whole stream.</param>
internal sealed record StreamRow(MethodSpec Method, OnlineBudget Budget, Ratio Ratio)
{
    // Slots that a cache of a ratio may have in any case.
    private const int LeastSlots = 64;

    /// <summary>Name in a journal.</summary>
    public string Key => $"{Method.Name}:{string.Join(':', Method.Options.Values.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => $"{v.Key}={v.Value}"))}@{Budget}";

    /// <summary>Rows of all methods and budgets, methods in their order.</summary>
    /// <param name="settings">What is asked for.</param>
    /// <param name="model">The model.</param>
    /// <param name="stream">Tokens of a stream.</param>
    /// <param name="notes">Gets a sentence for what <c>all</c> named and cannot go on while tokens arrive.</param>
    /// <exception cref="LstException">A method that was named cannot, or a budget is larger than a stream.</exception>
    public static List<StreamRow> All(PerplexitySettings settings, ModelTarget model, int stream, List<string> notes)
    {
        List<StreamRow> rows = [];
        List<string> leftOut = [];
        (OnlineBudget, Ratio)[] budgets = settings.StreamSlots.Count > 0
            ? [.. settings.StreamSlots.Select(slots => (OnlineBudget.Fixed(slots, OfStream(stream, slots)), OfStream(stream, slots)))]
            : [.. settings.Ratios.Select(ratio => (OnlineBudget.OfRatio(ratio, LeastSlots), ratio))];
        foreach (var method in settings.Methods.Where(method => method.Name != "dense"))
        {
            using var compressor = method.Create();
            if (method.IsOptional && compressor is not IOnlineCompressor)
            {
                leftOut.Add(method.Name);
                continue;
            }
            var online = OnlineCompression.Require(compressor, method.Name);
            online.Attach(model);
            foreach (var (budget, ratio) in budgets)
            {
                if (method.IsOptional && Unusable(online, budget, ratio) is { } sentence)
                {
                    if (!notes.Contains(sentence)) notes.Add(sentence);
                    continue;
                }
                online.PlanOnline(budget);
                _ = FirstFull(budget, settings.Step, stream);
                rows.Add(new StreamRow(method, budget, ratio));
            }
        }
        if (leftOut.Count > 0) notes.Add($"{string.Join(", ", leftOut)}: left out, they compress a prompt once and do not go on while tokens arrive");
        return rows;
    }

    private static string? Unusable(IOnlineCompressor compressor, OnlineBudget budget, Ratio ratio)
    {
        if (compressor.Missing(ratio) is { } missing) return missing;
        try
        {
            compressor.PlanOnline(budget);
            return null;
        }
        catch (LstException refused)
        {
            return refused.Message;
        }
    }

    private static Ratio OfStream(int stream, int slots) => Ratio.Of(Math.Max(stream, slots), slots);

    /// <summary>Ids that have arrived when a cache is above its budget for the first time.</summary>
    /// <exception cref="UsageException">It never is.</exception>
    public static int FirstFull(OnlineBudget budget, int step, int stream)
    {
        for (var seen = step; seen + step < stream; seen += step)
            if (seen > budget.Slots(seen)) return seen;
        throw new UsageException($"a stream of {stream} tokens is never longer than its cache of {budget} in steps of {step}: nothing is compressed; give longer streams (--prefix), fewer slots or a larger ratio");
    }
}
