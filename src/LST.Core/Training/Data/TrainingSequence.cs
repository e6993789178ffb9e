namespace LST.Core.Training.Data;

/// <summary>
/// One sample of training or validation: a prefix that is prefilled and compressed, and ids behind it that are run against the compressed cache. The ids at
/// T … T + S − 1 are the inputs and those at T + 1 … T + S the targets (protocol E1 with P = T + 1), so that <c>Ids.Length = T + S + 1</c>.
/// </summary>
/// <param name="Ids">[T + S + 1] token ids, BOS first.</param>
/// <param name="Prefix">T: number of ids that are prefilled and compressed, BOS included.</param>
/// <param name="Suffix">S: number of targets.</param>
/// <param name="Weights">[S] weight of every target in the loss, target j being the id at T + 1 + j; null: all 1.</param>
/// <param name="Kind">One of <see cref="SequenceKinds"/>.</param>
/// <param name="Source">Name of the text that the words around it come from.</param>
/// <param name="Detail">What it is within its kind, for records: the template or task; empty where there is nothing to say.</param>
public sealed record TrainingSequence(long[] Ids, int Prefix, int Suffix, float[]? Weights, string Kind, string Source, string Detail = "")
{
    /// <summary>[T] the ids that are prefilled and compressed.</summary>
    public ReadOnlySpan<long> PrefixIds => Ids.AsSpan(0, Prefix);

    /// <summary>[S] the ids that run behind the compressed prefix, at positions T … T + S − 1.</summary>
    public ReadOnlySpan<long> Inputs => Ids.AsSpan(Prefix, Suffix);

    /// <summary>[S] the id that each input has to predict.</summary>
    public ReadOnlySpan<long> Targets => Ids.AsSpan(Prefix + 1, Suffix);

    /// <summary>Weight of target j in the loss.</summary>
    public float Weight(int target) => Weights is null ? 1 : Weights[target];

    /// <summary>Sum of the weights of all targets.</summary>
    public double WeightSum => Weights is null ? Suffix : Weights.Sum(weight => (double)weight);
}

/// <summary>The kinds of sequences, as they are spelled in settings and records.</summary>
public static class SequenceKinds
{
    /// <summary>A window of a text, as a chunk of protocol E1.</summary>
    public const string Text = "text";

    /// <summary>A window in which a span of the prefix comes again at the start of the suffix.</summary>
    public const string Repeat = "repeat";

    /// <summary>Statements among sentences, and questions about them: templates A to D of the recall examination.</summary>
    public const string Recall = "recall";

    /// <summary>Tasks in the shapes of RULER: needles, chains of variables, frequent words.</summary>
    public const string Ruler = "ruler";

    /// <summary>All kinds.</summary>
    public static IReadOnlyList<string> All { get; } = [Text, Repeat, Recall, Ruler];
}
