using System.Text.Json.Nodes;
using LST.Core;
using LST.Core.Compression;
using LST.Evaluation.Records;

namespace LST.Evaluation.Perplexity;

/// <summary>One row of a table while it is computed: a method at a ratio.</summary>
internal sealed class Row(MethodSpec method, Ratio ratio)
{
    public MethodSpec Method => method;

    public Ratio Ratio { get; } = ratio;

    /// <summary>The ratio that is handed to the method: as asked, or what fits the bytes.</summary>
    public Ratio Budget { get; private set; } = ratio;

    public bool BudgetIsFitted { get; private set; }

    // Largest n known to fit (0: none yet), smallest known not to, and how many were tried.
    private int fits, tooMany = int.MaxValue, trials;

    /// <summary>Learned parameters of the method.</summary>
    public long Parameters { get; set; }

    /// <summary>What the method adds to its options in a record.</summary>
    public JsonObject? Details { get; set; }

    /// <summary>Name in a journal: method with all options, what lies behind them, and ratio.</summary>
    public string Key => Details is null ? PlainKey : $"{PlainKey}#{JournalKey.Of(Details)}";

    private string PlainKey { get; } = $"{method.Name}:{string.Join(':', method.Options.Values.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => $"{v.Key}={v.Value}"))}@{ratio}";

    /// <summary>Refuses a cache, or a plan of one, that keeps every slot although the ratio asks for fewer.</summary>
    public void RequireCompression(long slots, long denseSlots, int tokens)
    {
        if (Ratio.Value > 1 && slots >= denseSlots)
            throw new CompressionException($"{method.Typed} at {Ratio}:1 keeps all {denseSlots} slots of {tokens} tokens: nothing is compressed; give a longer --prefix or fewer protected tokens");
    }

    /// <summary>Bytes that a cache of this row may have under <c>--equal bytes</c>: dense bytes / r.</summary>
    public double AllowedBytes(long denseBytes) => denseBytes / Ratio.Value;

    /// <summary>Refuses a cache that is larger than the bytes under which methods are compared.</summary>
    public void RequireBytes(long bytes, long denseBytes, EqualBasis equal)
    {
        if (equal == EqualBasis.Bytes && bytes > AllowedBytes(denseBytes))
            throw new CompressionException($"{method.Typed} at {Ratio}:1 took {bytes} bytes, more than dense bytes / r = {AllowedBytes(denseBytes):0}: its size depends on the text; compare it with --equal slots");
    }

    /// <summary>Looks at a trial of the current budget: it is the largest that fits, or another n is tried next.</summary>
    /// <exception cref="CompressionException">Not even one slot fits.</exception>
    public void Fit(CompressedPrompt trial, long denseBytes, int tokens)
    {
        trials++;
        var slots = Math.Max(1, Budget.Slots(tokens));
        var (bytes, allowed, lists) = (WorstBytes(trial), AllowedBytes(denseBytes), trial.Plan.Layers.Sum(layer => layer.SlotsByHead.Count));
        var perSlot = (double)bytes / trial.Slots * lists;              // bytes of one more slot in every head
        // Where n slots were asked for and kept, one more costs what the others cost; no trial is needed to know.
        var isLargest = trials == 1 || (trial.Slots == (long)slots * lists && (slots + 1) * perSlot > allowed);
        if (bytes <= allowed) fits = slots;
        else tooMany = slots;
        if ((bytes <= allowed && isLargest) || (fits > 0 && tooMany - fits == 1))
        {
            (Budget, BudgetIsFitted) = (trials == 1 ? Budget : Ratio.Of(tokens, fits), true);
            return;
        }
        if (tooMany == 1)
            throw new CompressionException($"{Method.Typed} at {Ratio}:1 has no cache of {tokens} tokens within dense bytes / r = {allowed:0}: its smallest has {bytes} bytes; give a longer --prefix, fewer protected tokens or a smaller ratio, or compare with --equal slots");
        // By proportion first; methods that are not proportional to n are halved into.
        var guess = trials < 4 ? (int)(allowed / perSlot) : fits + (tooMany - fits) / 2;
        Budget = Ratio.Of(tokens, Math.Clamp(guess, fits + 1, tooMany - 1));
    }

    // Heads that choose for themselves may agree by chance in one text and not in the next: then no sharing of positions is counted.
    private static long WorstBytes(CompressedPrompt trial)
    {
        var layers = trial.Cache.Layers.Select(layer => layer.Prefix!).ToList();
        if (layers.TrueForAll(layer => layer.PositionsShared)) return trial.Bytes;
        return layers.Sum(layer => layer.Bytes + (layer.PositionsShared ? 4L * (layer.Slots - layer.Length(0, 0)) : 0));
    }
}

/// <summary>One compressor for each method of a table, shared by its ratios.</summary>
internal sealed class CompressorSet : IDisposable
{
    private readonly Dictionary<MethodSpec, IKvCompressor> made = [];
    private readonly IReadOnlyList<Row> rows;

    public CompressorSet(IReadOnlyList<Row> rows, ModelTarget model)
    {
        this.rows = rows;
        try
        {
            foreach (var row in rows)
            {
                if (!made.TryGetValue(row.Method, out var compressor))
                {
                    made[row.Method] = compressor = row.Method.Create();
                    compressor.Attach(model);
                }
                (row.Parameters, row.Details) = (compressor.Parameters(row.Ratio), compressor.Details(row.Ratio));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public IKvCompressor this[int row] => made[rows[row].Method];

    public void Dispose()
    {
        foreach (var compressor in made.Values) compressor.Dispose();
    }
}
