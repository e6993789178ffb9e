using LST.Core;
using LST.Core.Compression;
using LST.Core.Models;

namespace LST.Evaluation.Perplexity;

/// <summary>One row of a table while it is computed: a method at a ratio.</summary>
internal sealed class Row(MethodSpec method, Ratio ratio)
{
    public MethodSpec Method => method;

    public Ratio Ratio { get; } = ratio;

    /// <summary>The ratio that is handed to the method: as asked, or what fits the bytes.</summary>
    public Ratio Budget { get; private set; } = ratio;

    public bool BudgetIsFitted { get; private set; }

    /// <summary>Learned parameters of the method.</summary>
    public long Parameters { get; set; }

    /// <summary>Name in a journal: method with all options, and ratio.</summary>
    public string Key { get; } = $"{method.Name}:{string.Join(':', method.Options.Values.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => $"{v.Key}={v.Value}"))}@{ratio}";

    /// <summary>Refuses a plan that keeps every slot although the ratio asks for fewer.</summary>
    public void RequireCompression(BudgetPlan plan, long denseSlots, int tokens)
    {
        if (Ratio.Value > 1 && plan.Total >= denseSlots)
            throw new CompressionException($"{method.Typed} at {Ratio}:1 keeps all {denseSlots} slots of {tokens} tokens: nothing is compressed; give a longer --prefix or fewer protected tokens");
    }

    /// <summary>Looks at a trial: fits, or takes fewer slots for the next one.</summary>
    public void Fit(CompressedPrompt trial, long denseBytes, int tokens, ModelConfig config)
    {
        var allowed = denseBytes / Ratio.Value;
        if (trial.Bytes <= allowed)
        {
            BudgetIsFitted = true;
            return;
        }
        var slots = Budget.Slots(tokens);
        var perSlot = (double)trial.Bytes / trial.Plan.Total * config.Layers * config.KeyValueHeads;
        var fewer = Math.Min(slots - 1, (int)(allowed / perSlot));
        if (fewer < 1) BudgetIsFitted = true;
        else Budget = Ratio.Of(tokens, fewer);
    }
}

/// <summary>One compressor for each method of a table, shared by its ratios.</summary>
internal sealed class CompressorSet : IDisposable
{
    private readonly Dictionary<MethodSpec, IKvCompressor> made = [];
    private readonly IReadOnlyList<Row> rows;

    public CompressorSet(IReadOnlyList<Row> rows)
    {
        this.rows = rows;
        foreach (var row in rows)
        {
            if (!made.TryGetValue(row.Method, out var compressor)) made[row.Method] = compressor = row.Method.Create();
            row.Parameters = compressor.Parameters;
        }
    }

    public IKvCompressor this[int row] => made[rows[row].Method];

    public void Dispose()
    {
        foreach (var compressor in made.Values) compressor.Dispose();
    }
}
