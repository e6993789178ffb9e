using LST.Core;

namespace LST.Evaluation.Benchmarks.Ruler;

/// <summary>How far a generator departs from RULER's own, so that short lengths can be made; part of a sample's name in every table.</summary>
public enum RulerVariant
{
    /// <summary>The generator as it is.</summary>
    Reference,

    /// <summary>Essay tasks: haystacks grow and shrink by 25 words instead of 500 (the first estimate is still made with 500).</summary>
    EssayStep25,

    /// <summary>Variable tracking without the example before each sample.</summary>
    NoExample,
}

/// <summary>Names of variants.</summary>
public static class RulerVariants
{
    private static readonly (string Name, RulerVariant Variant)[] Names =
        [("reference", RulerVariant.Reference), ("essay_step_25", RulerVariant.EssayStep25), ("no_example", RulerVariant.NoExample)];

    /// <summary>The variant's name in records.</summary>
    public static string Name(this RulerVariant variant) => Names.First(known => known.Variant == variant).Name;

    /// <summary>A variant by its name; hyphens count as underscores.</summary>
    /// <exception cref="UsageException">No variant is called so.</exception>
    public static RulerVariant Find(string name)
    {
        var wanted = name.Replace('-', '_');
        foreach (var (known, variant) in Names)
            if (known.Equals(wanted, StringComparison.OrdinalIgnoreCase)) return variant;
        throw new UsageException($"'{name}' is no variant of RULER's generators; the variants are {string.Join(", ", Names.Select(known => known.Name))}.");
    }

    /// <summary>The variants that a task has, <see cref="RulerVariant.Reference"/> first.</summary>
    public static IReadOnlyList<RulerVariant> Of(RulerTask task) => task.HasEssays ? [RulerVariant.Reference, RulerVariant.EssayStep25]
        : task.Kind == RulerKind.VariableTracking ? [RulerVariant.Reference, RulerVariant.NoExample]
        : [RulerVariant.Reference];
}
