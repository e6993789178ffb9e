namespace LST.Evaluation.Benchmarks.Ruler;

/// <summary>The generators behind RULER's tasks.</summary>
public enum RulerKind
{
    /// <summary>Needles in a haystack.</summary>
    Needle,

    /// <summary>A chain of variable assignments.</summary>
    VariableTracking,

    /// <summary>The ten words that appear more often than the others of a numbered list.</summary>
    CommonWords,

    /// <summary>The three most frequent coded words of a zeta distribution.</summary>
    FrequentWords,

    /// <summary>Questions over documents, of which few answer.</summary>
    QuestionAnswering,
}

/// <summary>What needles are hidden in.</summary>
public enum HaystackKind
{
    /// <summary>One sentence, again and again.</summary>
    Noise,

    /// <summary>Words of essays, the needles between their sentences.</summary>
    Essay,

    /// <summary>Other needles.</summary>
    Needle,
}

/// <summary>What a needle's key or value is.</summary>
public enum NeedlePart
{
    /// <summary><c>adjective-noun</c>.</summary>
    Words,

    /// <summary>Seven digits.</summary>
    Numbers,

    /// <summary>A version 4 UUID.</summary>
    Uuids,
}

/// <summary>Where the questions of a QA task come from.</summary>
public enum QuestionSource
{
    /// <summary>SQuAD 2.0, development set.</summary>
    Squad,

    /// <summary>HotpotQA, development set with distractors.</summary>
    HotpotQa,
}

/// <summary>The form of a needle task.</summary>
/// <param name="Haystack">What the needles are hidden in.</param>
/// <param name="Keys">What keys are.</param>
/// <param name="Values">What values are.</param>
/// <param name="KeyCount">Keys a text, at least <paramref name="Queries"/>.</param>
/// <param name="ValuesPerKey">Needles a key.</param>
/// <param name="Queries">Keys that are asked for.</param>
public sealed record NeedleForm(HaystackKind Haystack, NeedlePart Keys, NeedlePart Values, int KeyCount = 1, int ValuesPerKey = 1, int Queries = 1);

/// <summary>A task of RULER (Hsieh et al. 2024, "RULER: What's the Real Context Size of Your Long-Context Language Models?", arXiv:2404.06654).</summary>
/// <param name="Name">Name as RULER spells it, such as <c>niah_multikey_1</c>.</param>
/// <param name="Kind">The generator.</param>
/// <param name="NewTokens">Reserve for the answer, and the most tokens that are generated.</param>
/// <param name="Needles">Form of a needle task; null for the others.</param>
/// <param name="Questions">Data set of a QA task; null for the others.</param>
/// <param name="Alpha">Exponent of the zeta distribution of <see cref="RulerKind.FrequentWords"/>, above 1.</param>
public sealed record RulerTask(string Name, RulerKind Kind, int NewTokens, NeedleForm? Needles = null, QuestionSource? Questions = null, double Alpha = 2.0)
{
    /// <summary>Whether its haystack is the essays.</summary>
    public bool HasEssays => Needles?.Haystack == HaystackKind.Essay;

    /// <summary>Whether one matching reference is enough (<c>string_match_part</c>): the QA tasks.</summary>
    public bool AnyReferenceCounts => Kind == RulerKind.QuestionAnswering;

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
