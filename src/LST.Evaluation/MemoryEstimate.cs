using System.Globalization;
using LST.Core;
using LST.Core.Models;
using LST.Core.Models.Checkpoints;
using static TorchSharp.torch;

namespace LST.Evaluation;

/// <summary>What a run will need, computed before anything is allocated; what cannot fit is refused.</summary>
public static class MemoryEstimate
{
    /// <summary>The process itself: runtime, libtorch, thread pools and allocator slack, bytes.</summary>
    public const long Process = 600L << 20;

    /// <summary>Weights in the run's dtype and the largest one again while it is read.</summary>
    public static long Weights(IModelFile file, ScalarType dtype)
    {
        var size = Size(dtype);
        return file.Weights.Sum(w => w.Elements) * size + file.Weights.Max(w => w.Elements) * size;
    }

    /// <summary>One evaluation of a chunk: full cache, compressed caches, activations of a layer, statistics and logits.</summary>
    /// <param name="config">Shape.</param>
    /// <param name="dtype">Type of the cache.</param>
    /// <param name="prefix">Tokens that are prefilled.</param>
    /// <param name="suffix">Tokens that are scored.</param>
    /// <param name="keptShare">Σ over jobs of 1/r.</param>
    public static long Chunk(ModelConfig config, ScalarType dtype, long prefix, long suffix, double keptShare)
    {
        long size = Size(dtype), rows = Math.Max(prefix, suffix);
        var cache = 2L * config.Layers * config.KeyValueHeads * config.HeadDim * prefix * size;
        var activations = rows * (6L * config.HiddenSize + 4L * config.IntermediateSize + 4L * (config.QueryHeads + 2L * config.KeyValueHeads) * config.HeadDim) * size;
        var statistics = 3L * config.QueryHeads * Math.Min(256, prefix) * prefix * 4;
        return (long)(cache * (1 + keptShare)) + activations + statistics + suffix * (prefix + suffix) * 4 + (128L << 20);
    }

    /// <summary>Refuses what is above the memory that is left.</summary>
    /// <exception cref="DataException">The sentence names both numbers.</exception>
    public static void Require(string what, long bytes)
    {
        var available = Available();
        if (bytes <= available) return;
        throw new DataException($"{what} needs about {Text(bytes)}, {Text(available)} are free; take a smaller model, --prefix or number of methods, or --dtype bfloat16");
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

    private static int Size(ScalarType dtype) => dtype == float32 ? 4 : 2;
}
