using LST.Core;
using LST.Evaluation.Random;

namespace LST.Evaluation.Benchmarks.ZeroShot;

/// <summary>
/// Puts examples in front of a task's items as lm-evaluation-harness 0.4.13 does: one generator runs on from item to item, so that the items have to come in the order of evaluation,
/// and all of them, whichever are scored. Tasks with a test split draw k examples; those without one draw k + 1, drop those that repeat the item, and keep the first k. The former never
/// drop one: their pool must not hold scored items, whose answers it would give away (<see cref="HoldBack"/>).
/// </summary>
/// <param name="task">The task.</param>
/// <param name="pool">Where examples come from, in the order of their file: the training split, else the evaluated one.</param>
/// <param name="examples">k, examples an item; 0: items stay as they are and nothing is drawn.</param>
/// <param name="seed">Seed of the draws.</param>
public sealed class FewShotSampler(ZeroShotTask task, IReadOnlyList<ZeroShotDocument> pool, int examples, long seed = FewShotSampler.Seed)
{
    /// <summary>Seed of the harness.</summary>
    public const int Seed = 1234;

    /// <summary>Items that are held back where no training split is at hand.</summary>
    public const int UsualPool = 100;

    private const string Separator = "\n\n";

    private readonly PyRandom random = new(seed);

    /// <summary>The next item with its examples in front of every context.</summary>
    /// <exception cref="UsageException">The pool is smaller than what is drawn.</exception>
    public ZeroShotDocument Next(ZeroShotDocument document)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(examples);
        if (examples == 0) return document;
        var drawn = task.HasTestSplit ? examples : examples + 1;
        if (pool.Count < drawn) throw new UsageException($"task '{task.Name}' with {examples} examples draws {drawn} items, but its pool has {pool.Count}; ask for fewer examples");
        IEnumerable<ZeroShotDocument> chosen = random.Sample(pool, drawn);
        if (!task.HasTestSplit) chosen = chosen.Where(example => !example.Repeats(document)).Take(examples);
        ZeroShotDocument[] shown = [.. chosen];
        var before = string.Concat(shown.Select(example => example.Example + Separator));
        return document with { Requests = [.. document.Requests.Select(request => request with { Context = before + request.Context })], FewShotIds = [.. shown.Select(example => example.ItemId)] };
    }

    /// <summary>Holds the last items of a file back as a pool, where no training split is at hand.</summary>
    /// <param name="documents">All items of the file.</param>
    /// <param name="held">Items of the pool.</param>
    /// <returns>The items before them, which may be scored, and the pool.</returns>
    /// <exception cref="DataException">Nothing would be left to score.</exception>
    public static (IReadOnlyList<ZeroShotDocument> Scored, IReadOnlyList<ZeroShotDocument> Pool) HoldBack(IReadOnlyList<ZeroShotDocument> documents, int held = UsualPool) => documents.Count > held
        ? ([.. documents.Take(documents.Count - held)], [.. documents.Skip(documents.Count - held)])
        : throw new DataException($"examples are the last {held} items of a file, but it has only {documents.Count}; give the training split's file, or a file with more items.");
}
