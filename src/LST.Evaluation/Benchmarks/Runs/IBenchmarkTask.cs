using LST.Evaluation.Benchmarks.Items;

namespace LST.Evaluation.Benchmarks.Runs;

/// <summary>A task of a benchmark, loaded: a list of items, each of which is scored for any rows at once.</summary>
public interface IBenchmarkTask
{
    /// <summary>Name in item lines and of their file.</summary>
    string Name { get; }

    /// <summary>Name of the first score.</summary>
    string Headline => "score";

    /// <summary>Whether a smaller score is a better one.</summary>
    bool SmallerIsBetter => false;

    /// <summary>Perplexity over the lines of a row, of tasks that have one; null: the task has none.</summary>
    double? PerplexityOf(IReadOnlyList<ItemLine> lines) => null;

    /// <summary>The item's number among those of its length and variant, the same whatever else is run: records tell items apart by it.</summary>
    int PlaceOf(int index) => index;

    /// <summary>What items are ordered and cut into shards by, the same whatever else is run; several items may have the same.</summary>
    int OrderOf(int index) => PlaceOf(index);

    /// <summary>Distinct contexts of an item, each of which is compressed: two in a task that fills a gap in either way.</summary>
    int ContextsOf(int index) => 1;

    /// <summary>Number of items, without a limit.</summary>
    int Count { get; }

    /// <summary>Name of an item, unique within the task.</summary>
    /// <param name="index">From 0.</param>
    string ItemId(int index);

    /// <summary>Scores an item.</summary>
    /// <param name="index">From 0.</param>
    /// <param name="rows">Methods and ratios that are wanted.</param>
    /// <param name="cancel">Stops between layers and tokens.</param>
    /// <returns>A line for each row.</returns>
    IReadOnlyList<ItemLine> Score(int index, IReadOnlyList<BenchmarkRow> rows, CancellationToken cancel);
}
