using LST.Core;

namespace LST.Evaluation.Benchmarks.Ruler;

/// <summary>What samples are made of: with the tokenizer's counts and the data, this is all that they depend on.</summary>
/// <param name="Task">The task.</param>
/// <param name="MaxLength">Most tokens of prompt and answer together.</param>
/// <param name="Seed">Seed of every generator; RULER's is 42.</param>
/// <param name="Variant">Departure from RULER's generator.</param>
/// <param name="Template">The model's wrap; null: none.</param>
public sealed record RulerSettings(RulerTask Task, int MaxLength, uint Seed = 42, RulerVariant Variant = RulerVariant.Reference, RulerTemplate? Template = null)
{
    /// <summary>The shortest length at which RULER's own steps are taken; below it they are shorter, and so is the example of <c>cwe</c>.</summary>
    internal const int FullLength = 4096;

    /// <summary>The model's wrap.</summary>
    public RulerTemplate Wrap => Template ?? RulerTemplate.Base;

    /// <summary>Short name in messages and ids: <c>niah_single_2 at 4096</c>.</summary>
    public override string ToString() => Variant == RulerVariant.Reference ? $"{Task} at {MaxLength}" : $"{Task} ({Variant.Name()}) at {MaxLength}";

    /// <summary>Refuses lengths and variants that the task does not have.</summary>
    /// <exception cref="UsageException">The length is not positive, or the task has no such variant.</exception>
    public RulerSettings Checked()
    {
        if (MaxLength < 1) throw new UsageException($"The length of RULER's samples has to be a positive number of tokens, but it is {MaxLength}; RULER's own are 4096, 8192, 16384, …");
        var variants = RulerVariants.Of(Task);
        return variants.Contains(Variant) ? this
            : throw new UsageException($"The task {Task} has no variant '{Variant.Name()}'; its variants are {string.Join(", ", variants.Select(v => v.Name()))}.");
    }
}
