using LST.Evaluation.Statistics;

namespace LST.Evaluation.Benchmarks.Items;

/// <summary>A row of a task.</summary>
/// <param name="Task">Name of the task.</param>
/// <param name="Row">Method and ratio.</param>
/// <param name="Mean">Mean score with its standard error, in the unit of the lines.</param>
/// <param name="Interval">The mean with its 95 % interval: Wilson's where every score is 0 or 1, else of the percentile bootstrap.</param>
/// <param name="RatioEffective">Pooled: Σ full entries / Σ kept entries.</param>
/// <param name="CompressedShare">Share of items whose cache is smaller than the dense one.</param>
/// <param name="MeanTokens">Mean number of ids of a context that were prefilled and compressed.</param>
public sealed record ItemSummary(string Task, ItemRow Row, MeanWithError Mean, Estimate Interval, double RatioEffective, double CompressedShare, double MeanTokens)
{
    /// <summary>Below this pooled ratio a row is printed as "not compressed" instead of a claim (benchmarks §2.5).</summary>
    public const double LeastRatio = 1.05;

    /// <summary>Items.</summary>
    public int Items => Interval.Units;

    /// <summary>Whether the row of a method may be printed as one of compression.</summary>
    public bool IsCompressed => RatioEffective >= LeastRatio;
}

/// <summary>A row against another one on the same items of a task.</summary>
/// <param name="Task">Name of the task.</param>
/// <param name="Row">The row.</param>
/// <param name="Reference">What it is compared with.</param>
/// <param name="Paired">Mean difference row − reference, its standard error, and McNemar's exact p (the sign test's where scores are not 0 or 1).</param>
/// <param name="Difference">Mean difference with its 95 % interval by the paired bootstrap.</param>
/// <param name="HolmP">The p value adjusted for the number of rows that were compared with the reference at once.</param>
public sealed record ItemComparison(string Task, ItemRow Row, ItemRow Reference, PairedComparison Paired, Estimate Difference, double HolmP);
