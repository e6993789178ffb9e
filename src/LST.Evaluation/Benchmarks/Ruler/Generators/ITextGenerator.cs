namespace LST.Evaluation.Benchmarks.Ruler.Generators;

/// <summary>Makes one sample's text after the other. All draws come from the generators of the run, so that the order of calls is part of the result.</summary>
internal interface ITextGenerator
{
    /// <summary>The size that the search found; null where there is none.</summary>
    int? Size { get; }

    /// <summary>The steps of the search.</summary>
    IReadOnlyList<RulerSearchStep> Search { get; }

    /// <summary>The next sample's text and its length in tokens with the reserve; null: there are no more.</summary>
    /// <exception cref="LST.Core.DataException">No text fits the length.</exception>
    (MadeText Text, int Length)? Next();
}
