using LST.Core.Compression;

namespace LST.Evaluation.Perplexity.DocumentCompatible;

/// <summary>
/// The second variant of E3: rows as the table of the paper was made, as far as it is known from a description of that computation. Suffix positions are numbered from the number of slots while kept keys keep their
/// rotation; methods that rank by attention rank by the norm of keys. These are no methods of the field and stand in no registry: they show what a protocol does to numbers.
/// </summary>
internal static class AsPrinted
{
    private const string Suffix = " as printed";

    // In the order of the registry.
    private static readonly Dictionary<string, Func<MethodSpec, MethodSpec>> Forms = new()
    {
        ["mean"] = Mixed,
        ["streaming"] = _ => Named("streaming", [("sinks", "4"), ("recent", "8")], () => new FixedRecents()),
        ["h2o"] = _ => Named("h2o", Proxy(), () => new LargestKeys(null)),
        ["tova"] = _ => Named("tova", Proxy(), () => new LargestKeys(null)),
        ["cam"] = _ => Named("cam", Proxy(("targets", $"{SpreadValues.Targets}"), ("sampling", "expectation")), () => new LargestKeys(new SpreadValues())),
        ["kvmerger"] = _ => Named("kvmerger", [("sinks", "4"), ("recent", "8"), ("epsilon", "0.8"), ("sigma", "mean-square")], () => new JoinedKeyMerging()),
        ["weightedkv"] = _ => Named("weightedkv", Proxy(), () => new LargestKeys(new OverwrittenNeighbour())),
        ["lst"] = Mixed,
    };

    /// <summary>The methods that the table had, by name.</summary>
    public static IReadOnlyCollection<string> Names => Forms.Keys;

    /// <summary>A method as it was printed; null: it was not.</summary>
    /// <param name="method">The method with the protection of E3.</param>
    public static MethodSpec? Of(MethodSpec method) => Forms.TryGetValue(method.Name, out var form) ? form(method) : null;

    // The compression of the method itself under mixed positions: the row keeps the method's options.
    private static MethodSpec Mixed(MethodSpec method)
    {
        var values = method.Options.Values.ToDictionary();
        values["variant"] = "as-printed";
        var entry = method.Entry with { Create = _ => new MixedPositions(method.Create()) };
        return method with { Typed = method.Typed + Suffix, Entry = entry, Options = new MethodOptions(method.Name, values) };
    }

    private static MethodSpec Named(string name, (string Key, string Value)[] options, Func<IKvCompressor> create)
    {
        var values = options.ToDictionary(option => option.Key, option => option.Value);
        values["variant"] = "as-printed";
        return new MethodSpec(name + Suffix, new MethodEntry(name, [], $"{name} as the paper's table was made", [], _ => create()), new MethodOptions(name, values));
    }

    private static (string Key, string Value)[] Proxy(params (string Key, string Value)[] more) => [("sinks", "4"), ("recent", "8"), ("ranking", "largest-key-norm"), ("heads", "joined"), .. more];
}
