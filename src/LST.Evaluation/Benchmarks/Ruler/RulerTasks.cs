using LST.Core;

namespace LST.Evaluation.Benchmarks.Ruler;

/// <summary>The thirteen tasks of RULER with the settings of its leaderboard.</summary>
public static class RulerTasks
{
    /// <summary>All tasks in RULER's order.</summary>
    public static IReadOnlyList<RulerTask> All { get; } =
    [
        Needle("niah_single_1", new(HaystackKind.Noise, NeedlePart.Words, NeedlePart.Numbers)),
        Needle("niah_single_2", new(HaystackKind.Essay, NeedlePart.Words, NeedlePart.Numbers)),
        Needle("niah_single_3", new(HaystackKind.Essay, NeedlePart.Words, NeedlePart.Uuids)),
        Needle("niah_multikey_1", new(HaystackKind.Essay, NeedlePart.Words, NeedlePart.Numbers, KeyCount: 4)),
        Needle("niah_multikey_2", new(HaystackKind.Needle, NeedlePart.Words, NeedlePart.Numbers)),
        Needle("niah_multikey_3", new(HaystackKind.Needle, NeedlePart.Uuids, NeedlePart.Uuids)),
        Needle("niah_multivalue", new(HaystackKind.Essay, NeedlePart.Words, NeedlePart.Numbers, ValuesPerKey: 4)),
        Needle("niah_multiquery", new(HaystackKind.Essay, NeedlePart.Words, NeedlePart.Numbers, KeyCount: 4, Queries: 4)),
        new("vt", RulerKind.VariableTracking, 30),
        new("cwe", RulerKind.CommonWords, 120),
        new("fwe", RulerKind.FrequentWords, 50),
        new("qa_1", RulerKind.QuestionAnswering, 32, Questions: QuestionSource.Squad),
        new("qa_2", RulerKind.QuestionAnswering, 32, Questions: QuestionSource.HotpotQa),
    ];

    /// <summary>The eleven tasks that need no questions of other data sets: all but <c>qa_1</c> and <c>qa_2</c>.</summary>
    public static IReadOnlyList<RulerTask> Synthetic { get; } = [.. All.Where(task => task.Kind != RulerKind.QuestionAnswering)];

    /// <summary>A task by its name; case does not matter.</summary>
    /// <exception cref="UsageException">No task is called so.</exception>
    public static RulerTask Find(string name) => All.FirstOrDefault(task => task.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) ??
        throw new UsageException($"'{name}' is no task of RULER; the tasks are {string.Join(", ", All)}.");

    private static RulerTask Needle(string name, NeedleForm form) => new(name, RulerKind.Needle, 128, form);
}
