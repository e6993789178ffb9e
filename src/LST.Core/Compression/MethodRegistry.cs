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

/// <summary>Every compression method by name. Adding one: its file and its line here; tables, help and the invariant tests follow from it.</summary>
public static class MethodRegistry
{
    /// <summary>All methods in the order of tables.</summary>
    public static IReadOnlyList<MethodEntry> Entries { get; } =
    [
        DenseCache.Entry,
        RandomSelection.Entry,
        MeanPooling.Entry,
        StreamingLlm.Entry,
        HeavyHitters.Entry,
        Tova.Entry,
        SnapKv.Entry,
        PyramidKv.Entry,
        KeyNorm.Entry,
        KeyDiff.Entry,
        ExpectedAttention.Entry,
        AdaKv.Entry,
        KvZip.Entry,
        LagKv.Entry,
        AttentionMatching.Entry,
        SuperTokenCompressor.Entry,
    ];

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
}
