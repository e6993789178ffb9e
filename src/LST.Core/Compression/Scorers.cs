namespace LST.Core.Compression;

/// <summary>Registered methods that score tokens and keep them as they are, which others may be laid over.</summary>
public static class Scorers
{
    /// <summary>In the order of tables. A method that is itself laid over a scorer is none.</summary>
    public static IReadOnlyList<MethodEntry> Entries
    {
        get
        {
            var registered = MethodRegistry.Entries;
            if (found is not { } known || !ReferenceEquals(known.Registered, registered)) found = known = new Found(registered, [.. registered.Where(IsScorer)]);
            return known.Scorers;
        }
    }

    private static volatile Found? found;

    /// <summary>Names, for sentences.</summary>
    public static string KnownNames => string.Join(", ", Entries.Select(entry => entry.Name));

    /// <summary>The scorer of a name or alias in any case, or null.</summary>
    public static MethodEntry? Find(string name) => MethodRegistry.Find(name) is { } entry && Entries.Contains(entry) ? entry : null;

    /// <summary>A scorer with those of the options that are its own.</summary>
    public static IScoringCompressor Create(string name, MethodOptions options)
    {
        var entry = Find(name) ?? throw new UsageException($"scorer '{name}': no method of this name scores tokens; those that do: {KnownNames}");
        return entry.Create(options.Only(entry)) as IScoringCompressor ?? throw new UsageException($"scorer '{name}': with these options it does not score tokens; those that do: {KnownNames}");
    }

    private static bool IsScorer(MethodEntry entry)
    {
        if (entry.Options.Any(option => option.Kind == OptionKind.Scorer)) return false;
        using var made = MethodSpec.Parse(entry.Name, entry).Create();
        return made is IScoringCompressor { IsSelection: true };
    }

    // What was found among one list of methods; the list is another one when a session adds to it.
    private sealed record Found(IReadOnlyList<MethodEntry> Registered, IReadOnlyList<MethodEntry> Scorers);
}
