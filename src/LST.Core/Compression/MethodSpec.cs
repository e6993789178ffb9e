using System.Globalization;

namespace LST.Core.Compression;

/// <summary>A method as it was typed, <c>name[:key=value…]</c>, checked against the registry and with all options resolved.</summary>
/// <param name="Typed">What the user wrote, the name as registered, lower-cased but for text: the method's name in records and tables.</param>
/// <param name="Entry">The registry's entry.</param>
/// <param name="Options">Resolved options, defaults included.</param>
public sealed record MethodSpec(string Typed, MethodEntry Entry, MethodOptions Options)
{
    /// <summary>Registered name.</summary>
    public string Name => Entry.Name;

    /// <summary>Named by <c>all</c> and not by itself: where it has nothing to work with it is left out, and a line says so.</summary>
    public bool IsOptional { get; init; }

    /// <summary>A compressor with these options.</summary>
    public IKvCompressor Create() => Entry.Create(Options);

    /// <summary>Reads a comma-separated list; <c>all</c> stands for every registered method with its defaults.</summary>
    /// <param name="list">E.g. <c>dense,snapkv:observe=8:kernel=5</c>.</param>
    /// <param name="seed">Default of options named <c>seed</c>.</param>
    /// <param name="sidecar">Default of options named <c>sidecar</c>: a file; null: none.</param>
    public static IReadOnlyList<MethodSpec> ParseList(string list, int seed = 0, string? sidecar = null)
    {
        var items = list.Split(',', StringSplitOptions.TrimEntries);
        if (items.Any(item => item.Length == 0)) throw new UsageException($"methods '{list}': an empty name; write names separated by single commas. Known: {MethodRegistry.KnownNames}");
        var specs = items.SelectMany(item => string.Equals(item, "all", StringComparison.OrdinalIgnoreCase)
            ? MethodRegistry.Entries.Select(entry => Parse(entry.Name, seed, sidecar) with { IsOptional = true }) : [Parse(item, seed, sidecar)]).ToList();
        var twice = specs.GroupBy(s => s.Typed).FirstOrDefault(g => g.Count() > 1);
        return twice is null ? specs : throw new UsageException($"methods '{list}': '{twice.Key}' is named twice; name each row once");
    }

    /// <summary>Reads one method. Names, keys and values are case-insensitive, but for text such as a file's name.</summary>
    /// <exception cref="UsageException">Unknown name, key or value; the sentence lists the known ones.</exception>
    public static MethodSpec Parse(string text, int seed = 0, string? sidecar = null)
    {
        var name = text.Trim().Split(':')[0].ToLowerInvariant();
        return Parse(text, MethodRegistry.Find(name) ?? throw new UsageException($"method '{name}' is unknown; known methods: {MethodRegistry.KnownNames}"), seed, sidecar);
    }

    internal static MethodSpec Parse(string text, MethodEntry entry, int seed = 0, string? sidecar = null)
    {
        var parts = text.Trim().Split(':').Skip(1).Select(Pair).ToList();
        // Which options are known depends on the scorer, wherever it stands.
        var scorer = entry.Options.FirstOrDefault(o => o.Kind == OptionKind.Scorer);
        var named = scorer is null ? null : parts.Find(part => part.Key == scorer.Key) is (not null, { } name) ? Checked(entry, scorer, name.ToLowerInvariant()) : scorer.Default;
        var options = entry.OptionsOver(named);
        var values = options.ToDictionary(o => o.Key, o => (o.Key, o.Default) switch
        {
            ("seed", "") => seed.ToString(CultureInfo.InvariantCulture),
            ("sidecar", "") => sidecar ?? "",
            _ => o.Default,
        });
        List<string> typed = [entry.Name];
        var given = new HashSet<string>();
        foreach (var (key, written) in parts)
        {
            var option = options.FirstOrDefault(o => o.Key == key) ?? throw new UsageException($"method '{entry.Name}'{(named is null ? "" : $" over '{named}'")} has no option '{key}'; "
                + (options.Count == 0 ? "it has none" : $"known options: {string.Join(", ", options.Select(o => o.Key))}"));
            var value = option.Kind == OptionKind.Text ? written : written.ToLowerInvariant();
            if (option.Kind == OptionKind.Choice) value = value.Replace('_', '-');
            if (!given.Add(key)) throw new UsageException($"method '{text}': option '{key}' is given twice");
            values[key] = Checked(entry, option, value);
            typed.Add($"{key}={values[key]}");
        }
        return new MethodSpec(string.Join(':', typed), entry, new MethodOptions(entry.Name, values));
    }

    private static (string Key, string Value) Pair(string part)
    {
        var equals = part.IndexOf('=');
        return ((equals < 0 ? part : part[..equals]).ToLowerInvariant().Replace('_', '-'), equals < 0 ? "" : part[(equals + 1)..]);
    }

    private static string Checked(MethodEntry entry, MethodOption option, string value)
    {
        if (option.Choices.Contains(value)) return value;
        if (option.Kind == OptionKind.Scorer)
            return Scorers.Find(value)?.Name ?? throw new UsageException($"method '{entry.Name}', option {option.Key}='{value}': expected a method that scores tokens one by one, one of {Scorers.KnownNames}");
        var (fits, expected) = option.Kind switch
        {
            OptionKind.Slots => (BudgetExpression.IsValid(value), "a whole number or an expression of n and r such as n/2"),
            OptionKind.Number => (double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) && number >= 0, "a number of at least 0"),
            OptionKind.Whole => (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _), $"a whole number of at least 0 and at most {int.MaxValue}"),
            OptionKind.Flag => (value is "true" or "false", "true or false"),
            OptionKind.Text => (value.Length > 0, "a value"),
            _ => (false, "one of"),
        };
        if (fits) return value;
        var choices = option.Choices.Length == 0 ? "" : (option.Kind == OptionKind.Choice ? " " : ", or ") + string.Join(", ", option.Choices);
        throw new UsageException($"method '{entry.Name}', option {option.Key}='{value}': expected {expected}{choices}");
    }
}
