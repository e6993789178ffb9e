using LST.Core.Baselines;
using LST.Core.Compression.Online;
using LST.Core.Sidecar;

namespace LST.Core.Compression;

/// <summary>One registered method.</summary>
/// <param name="Name">As conventions spell it.</param>
/// <param name="Aliases">Other spellings.</param>
/// <param name="Summary">One line for the help, with the paper.</param>
/// <param name="Options">What may be written behind the name.</param>
/// <param name="Create">Makes a compressor from resolved options.</param>
public sealed record MethodEntry(string Name, IReadOnlyList<string> Aliases, string Summary, IReadOnlyList<MethodOption> Options, Func<MethodOptions, IKvCompressor> Create)
{
    /// <summary>The options, and those of the scorer that the method is laid over, if it is; one of its own hides the scorer's of that name.</summary>
    /// <param name="named">The scorer that was typed; null: the default one.</param>
    public IReadOnlyList<MethodOption> OptionsOver(string? named) =>
        Options.FirstOrDefault(option => option.Kind == OptionKind.Scorer) is { } option && Scorers.Find(named ?? option.Default) is { } scorer
            ? [.. Options, .. scorer.Options.ExceptBy(Options.Select(own => own.Key), other => other.Key)] : Options;
}

/// <summary>
/// Every compression method by name. Adding one: its file and its line here; tables, help and the invariant tests follow from it. A method of a
/// session alone, such as one from a notebook's cell, comes and goes by <see cref="Add"/> and <see cref="Remove"/>.
/// </summary>
public static class MethodRegistry
{
    private static readonly MethodEntry[] Shipped =
    [
        DenseCache.Entry,
        RandomSelection.Entry,
        MeanPooling.Entry,
        StreamingLlm.Entry,
        HeavyHitters.Entry,
        Tova.Entry,
        SnapKv.Entry,
        PyramidKv.Entry,
        CacheMerging.Entry,
        KvMerger.Entry,
        WeightedKv.Entry,
        KeyNorm.Entry,
        KeyDiff.Entry,
        ExpectedAttention.Entry,
        AdaKv.Entry,
        KvZip.Entry,
        LagKv.Entry,
        AttentionMatching.Entry,
        SuperTokenCompressor.Entry,
    ];

    private static readonly Lock Gate = new();
    private static volatile IReadOnlyList<MethodEntry> entries = Shipped;

    /// <summary>All methods in the order of tables, those of the session last. The list that a caller holds never changes.</summary>
    public static IReadOnlyList<MethodEntry> Entries => entries;

    /// <summary>Names, for sentences.</summary>
    public static string KnownNames => string.Join(", ", Entries.Select(entry => entry.Name));

    /// <summary>Names of methods that go on compressing while tokens arrive, for sentences.</summary>
    public static string OnlineNames => string.Join(", ", Entries.Where(entry =>
    {
        using var made = MethodSpec.Parse(entry.Name).Create();
        return made is IOnlineCompressor;
    }).Select(entry => entry.Name));

    /// <summary>The entry of a name or alias in any case, or null.</summary>
    public static MethodEntry? Find(string name) => Entries.FirstOrDefault(entry =>
        entry.Name.Equals(name, StringComparison.OrdinalIgnoreCase) || entry.Aliases.Contains(name, StringComparer.OrdinalIgnoreCase));

    /// <summary>Registers a method for this process: it can then be typed wherever a method is named.</summary>
    /// <param name="entry">The method; a compressor is made of its defaults to see that it can be.</param>
    /// <exception cref="UsageException">Its name cannot be typed, or it or an alias is taken.</exception>
    public static void Add(MethodEntry entry)
    {
        string[] names = [entry.Name, .. entry.Aliases];
        foreach (var name in names)
            if (name.Length == 0 || name.Any(c => c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-')) || name == "all")
                throw new UsageException($"method name '{name}': expected small letters, digits and hyphens, and not 'all', which stands for every method; give another name");
        MethodSpec.Parse(entry.Name, entry).Create().Dispose();
        lock (Gate)
        {
            if (names.FirstOrDefault(name => Find(name) is not null) is { } taken)
                throw new UsageException($"method name '{taken}' is taken by '{Find(taken)!.Name}'; give another name, or Remove first what was added by Add");
            entries = [.. entries, entry];
        }
    }

    /// <summary>Takes a method that was added out again; false: there is none of this name. A cell that registers its method begins with it, so that it can run twice.</summary>
    /// <exception cref="UsageException">The method is one that ships.</exception>
    public static bool Remove(string name)
    {
        lock (Gate)
        {
            if (Find(name) is not { } found) return false;
            if (Shipped.Contains(found)) throw new UsageException($"method '{found.Name}' ships with this build and cannot be removed; only methods that were added can");
            entries = [.. entries.Where(entry => entry != found)];
            return true;
        }
    }
}
