namespace LST.Core.Losses.Probes;

/// <summary>Every source of probes by name. Adding one: its file and its line here.</summary>
public static class ProbeSources
{
    /// <summary>All sources, the paper's first.</summary>
    public static IReadOnlyList<IProbeSource> All { get; } = [new IsotropicProbes(), new RescaledProbes(), new GaussianProbes(), new PrefixProbes(), new RepeatProbes()];

    /// <summary>Names, for sentences.</summary>
    public static string KnownNames => string.Join(", ", All.Select(source => source.Name));

    /// <summary>The source of a name in any case.</summary>
    /// <exception cref="UsageException">No source has that name.</exception>
    public static IProbeSource Parse(string name) => All.FirstOrDefault(source => source.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        ?? throw new UsageException($"probes '{name}' are not known; known: {KnownNames}");
}
