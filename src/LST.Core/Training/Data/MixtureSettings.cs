namespace LST.Core.Training.Data;

/// <summary>
/// How often each kind of sequence is drawn; only the proportions count. The defaults are those of the recipe that the sidecars started from, with some room
/// for tasks.
/// </summary>
/// <param name="Text">Windows of texts.</param>
/// <param name="Repeat">Windows with a repeated span.</param>
/// <param name="Recall">Statements and questions.</param>
/// <param name="Ruler">Tasks in RULER's shapes.</param>
public sealed record KindWeights(double Text = 0.5, double Repeat = 0.2, double Recall = 0.2, double Ruler = 0.1)
{
    /// <summary>In the order of <see cref="SequenceKinds.All"/>.</summary>
    internal IReadOnlyList<double> InOrder => [Text, Repeat, Recall, Ruler];
}

/// <summary>Which targets of a sequence with a repeated span are scored.</summary>
public enum RepeatTargets
{
    /// <summary>Those in the second half of the span, by which time the repetition is known (conventions, Repeats).</summary>
    SecondHalf,

    /// <summary>All of the span.</summary>
    Span,

    /// <summary>The whole suffix.</summary>
    Suffix,
}

/// <summary>The tasks of kind <c>ruler</c>.</summary>
public enum RulerTask
{
    /// <summary>One needle, one question.</summary>
    Single,

    /// <summary>Several needles of different keys, one of them asked for.</summary>
    MultiKey,

    /// <summary>Several values of one key, all asked for.</summary>
    MultiValue,

    /// <summary>Several keys asked for at once.</summary>
    MultiQuery,

    /// <summary>A chain of variables that pass a value on.</summary>
    Tracking,

    /// <summary>The words of a list that come up most often.</summary>
    Common,

    /// <summary>The three most frequent words of a coded text.</summary>
    Frequent,
}

/// <summary>What a <see cref="SequenceSampler"/> draws. All lengths are tokens, BOS included in the prefix.</summary>
public sealed record MixtureSettings
{
    /// <summary>Shortest prefix T; protocol E1 with P = 1024 compresses T = 1023.</summary>
    public int PrefixMin { get; init; } = 1023;

    /// <summary>Longest prefix T; every length between is equally likely.</summary>
    public int PrefixMax { get; init; } = 1023;

    /// <summary>S: targets of kinds text and repeat, and the most of kinds recall and ruler.</summary>
    public int Suffix { get; init; } = 512;

    /// <summary>How often each kind is drawn.</summary>
    public KindWeights Kinds { get; init; } = new();

    /// <summary>How often each source is drawn, by name; a source that is not in it is never drawn. Null: in proportion to its tokens.</summary>
    public IReadOnlyDictionary<string, double>? SourceWeights { get; init; }

    /// <summary>Shortest repeated span; shorter where it would not fit.</summary>
    public int RepeatMin { get; init; } = 32;

    /// <summary>Longest repeated span, where it fits into prefix and suffix.</summary>
    public int RepeatMax { get; init; } = 128;

    /// <summary>Which targets of kind repeat have weight 1; the others have 0.</summary>
    public RepeatTargets RepeatTargets { get; init; }

    /// <summary>Letters of the recall templates: of A, B, C, D.</summary>
    public string RecallTemplates { get; init; } = "ABCD";

    /// <summary>Fewest statements of a recall sequence.</summary>
    public int StatementsMin { get; init; } = 1;

    /// <summary>Most statements of a recall sequence; fewer where the prefix has no room.</summary>
    public int StatementsMax { get; init; } = 8;

    /// <summary>Most questions behind one recall prefix; fewer where the suffix has no room.</summary>
    public int QuestionsMax { get; init; } = 4;

    /// <summary>Weight of the targets of kinds recall and ruler that belong to no answer; those of answers have 1.</summary>
    public float QuestionWeight { get; init; } = 0.1f;

    /// <summary>Tasks of kind ruler, each equally likely.</summary>
    public IReadOnlyList<RulerTask> RulerTasks { get; init; } = Enum.GetValues<RulerTask>();

    /// <summary>Refuses values that mean nothing or contradict each other.</summary>
    /// <exception cref="UsageException">The first rule that is broken.</exception>
    public void Validate()
    {
        Require(PrefixMin >= 2, "prefix", "must have at least 2 tokens", PrefixMin);
        Require(PrefixMax >= PrefixMin, "prefix", $"must not be longest below its shortest length {PrefixMin}", PrefixMax);
        Require(Suffix >= 1, "suffix", "must have at least 1 token", Suffix);
        // Bounded so that no sum of lengths overflows.
        Require(PrefixMax <= 1 << 24 && Suffix <= 1 << 24, "prefix and suffix", $"must have at most {1 << 24} tokens", $"{PrefixMax} and {Suffix}");
        RequireWeights("kinds", SequenceKinds.All.Zip(Kinds.InOrder));
        if (SourceWeights is not null) RequireWeights("sources", SourceWeights.Select(pair => (pair.Key, pair.Value)));
        Require(RepeatMin >= 1, "repeated span", "must have at least 1 token", RepeatMin);
        Require(RepeatMax >= RepeatMin, "repeated span", $"must not be longest below its shortest length {RepeatMin}", RepeatMax);
        Require(Enum.IsDefined(RepeatTargets), "targets of repeats", $"must be one of {string.Join(", ", Enum.GetNames<RepeatTargets>())}", RepeatTargets);
        Require(RecallTemplates.Length > 0 && RecallTemplates.All(letter => letter is >= 'A' and <= 'D'), "recall templates",
            "must be letters of A, B, C, D, the others being those of the examination", $"'{RecallTemplates}'");
        Require(StatementsMin >= 1, "recall statements", "must be at least 1", StatementsMin);
        Require(StatementsMax >= StatementsMin && StatementsMax <= 64, "recall statements", $"must be at most 64 and not most below their fewest {StatementsMin}", StatementsMax);
        Require(QuestionsMax >= 1, "recall questions", "must be at least 1", QuestionsMax);
        Require(float.IsFinite(QuestionWeight) && QuestionWeight >= 0, "weight of questions", "must be a finite number that is not negative", QuestionWeight);
        Require(RulerTasks.Count > 0 && RulerTasks.All(Enum.IsDefined), "ruler tasks", $"must be one or more of {string.Join(", ", Enum.GetNames<RulerTask>())}",
            RulerTasks.Count == 0 ? "none" : string.Join(", ", RulerTasks));
    }

    private static void RequireWeights(string what, IEnumerable<(string Name, double Weight)> weights)
    {
        var all = weights.ToList();
        foreach (var (name, weight) in all)
            Require(double.IsFinite(weight) && weight >= 0, $"weight of {name}", "must be a finite number that is not negative", weight);
        Require(all.Sum(pair => pair.Weight) > 0, $"weights of {what}", "must not all be 0", all.Count == 0 ? "none" : "0");
    }

    private static void Require(bool holds, string thing, string rule, object found)
    {
        if (holds) return;
        throw new UsageException(FormattableString.Invariant($"mixture of training data: {thing} {rule}, but found {found}; change the setting."));
    }
}
