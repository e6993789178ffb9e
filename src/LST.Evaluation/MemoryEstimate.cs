using System.Globalization;
using LST.Core;
using LST.Core.Models;
using LST.Core.Models.Checkpoints;
using static TorchSharp.torch;

namespace LST.Evaluation;

/// <summary>What a run will need, computed before anything is allocated; what cannot fit is refused.</summary>
public static class MemoryEstimate
{
    private const long Constant = 160L << 20;

    // Lists and plans of methods, of which garbage may lie about until it is collected.
    private const long Lists = 160L << 20;

    /// <summary>Weights in the run's dtype and the largest one again, while it is read or widened (<see cref="MatrixProducts"/>).</summary>
    public static long Weights(IModelFile file, ScalarType dtype)
    {
        var size = Size(dtype);
        return file.Weights.Sum(w => w.Elements) * size + file.Weights.Max(w => w.Elements) * (MatrixProducts.IsSlow(dtype) ? 4 : size);
    }

    /// <summary>
    /// One evaluation of a chunk at most: full cache, all compressed caches and the padded view of one, activations and masks of a layer, what methods
    /// compute, and a constant for blocks of logits and the allocator.
    /// </summary>
    /// <param name="config">Shape.</param>
    /// <param name="dtype">Type of the cache.</param>
    /// <param name="prefix">Tokens that are prefilled.</param>
    /// <param name="suffix">Tokens that are scored.</param>
    /// <param name="keptShare">Σ over jobs of 1/r.</param>
    public static long Chunk(ModelConfig config, ScalarType dtype, long prefix, long suffix, double keptShare)
    {
        long size = Size(dtype), rows = Math.Max(prefix, suffix), heads = config.KeyValueHeads, width = heads * config.HeadDim;
        var cache = 2 * config.Layers * width * prefix * size;
        var activations = rows * (6L * config.HiddenSize + 4L * config.IntermediateSize + 4L * (config.QueryHeads + 2 * heads) * config.HeadDim) * size;
        var joined = 2 * width * (prefix + rows) * size;
        // A mask is repeated for the query heads of a group.
        var copies = config.GroupSize == 1 ? 1L : 1L + config.GroupSize;
        var needed = (double)cache + activations + joined + suffix * (prefix + suffix) * 4 * copies + Constant;
        if (keptShare == 0) return Whole(needed);
        var slots = keptShare * config.Layers * heads * prefix * (2.0 * config.HeadDim * size + 12);
        var masks = 4.0 * copies * Math.Max(heads * suffix * (prefix + suffix), 2 * prefix * prefix);          // per head with a bias; a repeated prompt behind itself
        var statistics = 4.0 * 4 * config.QueryHeads * Math.Min(256, prefix) * prefix;
        var sums = 3.0 * 8 * width * prefix;                                                                  // running sums of means, in double
        var learned = 4.0 * 8 * width * prefix;                                                               // scaled inputs of a sidecar and what it makes of them
        return Whole(needed + slots + cache + masks + statistics + sums + learned + Lists);
    }

    /// <summary>Refuses what is above the memory that is left.</summary>
    /// <param name="what">What it is for.</param>
    /// <param name="bytes">What it needs.</param>
    /// <param name="remedy">What to do, the end of the sentence.</param>
    /// <exception cref="DataException">The sentence names both numbers.</exception>
    public static void Require(string what, long bytes, string remedy = "take a smaller model, --prefix or number of methods, or --dtype bfloat16")
    {
        var available = Available();
        if (bytes <= available) return;
        throw new DataException($"{what} needs about {Text(bytes)}, {Text(available)} are free; {remedy}");
    }

    /// <summary>Bytes that this process may still take: <c>LST_MEMORY_LIMIT</c>, else free memory of the machine and what its control group leaves.</summary>
    public static long Available()
    {
        if (Environment.GetEnvironmentVariable("LST_MEMORY_LIMIT") is { Length: > 0 } limit)
            return long.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given
                : throw new UsageException($"LST_MEMORY_LIMIT '{limit}': it must be a whole number of bytes");
        var free = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - Environment.WorkingSet;
        const string meminfo = "/proc/meminfo";
        if (!File.Exists(meminfo)) return free;
        var line = File.ReadLines(meminfo).FirstOrDefault(l => l.StartsWith("MemAvailable:", StringComparison.Ordinal));
        return line is not null && long.TryParse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture, out var kilobytes)
            ? Math.Min(free, kilobytes * 1024) : free;
    }

    /// <summary>Bytes for people: <c>1.3 GB</c>, <c>212 MB</c>, <c>3.4 kB</c>.</summary>
    public static string Text(long bytes) => bytes switch
    {
        >= 1 << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.0} GB"),
        >= 10_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0} MB"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.0} kB"),
    };

    private static long Whole(double bytes) => bytes < long.MaxValue ? (long)bytes : long.MaxValue;

    private static int Size(ScalarType dtype) => dtype == float32 ? 4 : 2;
}
