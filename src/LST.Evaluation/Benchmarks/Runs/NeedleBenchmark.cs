using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Ruler.Grid;
using LST.Evaluation.Benchmarks.Scoring;

namespace LST.Evaluation.Benchmarks.Runs;

/// <summary>The needle-in-a-haystack grid of depth and length, scored by string match; an answer ends at a line feed.</summary>
/// <param name="loaded">The model.</param>
/// <param name="contexts">Compresses contexts.</param>
/// <param name="cells">Its cells.</param>
/// <param name="mode">What is compressed.</param>
/// <param name="flags">What of the data departs from the papers'.</param>
public sealed class NeedleBenchmark(LoadedModel loaded, CompressedContexts contexts, IReadOnlyList<NeedleGridSample> cells, CompressionMode mode, IReadOnlyList<string>? flags = null) : IBenchmarkTask
{
    private readonly TextAnswers answers = new(loaded, contexts, mode);

    /// <inheritdoc/>
    public string Name => "niah";

    /// <inheritdoc/>
    public string Headline => "found";

    /// <summary>Of a length the depth tells cells apart.</summary>
    public int PlaceOf(int index) => cells[index].Depth;

    /// <summary>Depths in steps of ten or eleven fall into all shards.</summary>
    public int OrderOf(int index) => cells[index].Depth / 10;

    /// <inheritdoc/>
    public int Count => cells.Count;

    /// <inheritdoc/>
    public string ItemId(int index) => cells[index].ItemId;

    /// <inheritdoc/>
    public IReadOnlyList<ItemLine> Score(int index, IReadOnlyList<BenchmarkRow> rows, CancellationToken cancel)
    {
        var cell = cells[index];
        var made = answers.Of(cell.Context, cell.Question, rows, SanFranciscoNeedle.NewTokens, answer => answer.Contains('\n', StringComparison.Ordinal), cancel);
        return
        [
            .. rows.Select((row, r) => LineBuilder.Of(this, index, row, made[r].Tally, ModeName.Of(mode)) with
            {
                Gold = SanFranciscoNeedle.Answer,
                Prediction = FirstLine(made[r].Text),
                Score = SanFranciscoNeedle.Score(FirstLine(made[r].Text)),
                Scores = new Dictionary<string, double> { ["found"] = SanFranciscoNeedle.Score(FirstLine(made[r].Text)), ["overlap"] = NeedleScore.WordOverlap(FirstLine(made[r].Text)), ["rouge1_x10"] = NeedleScore.Rouge1Times10(FirstLine(made[r].Text)) },
                Length = cell.Length,
                Depth = cell.Depth,
                ParityFlags = flags ?? [],
            }),
        ];
    }

    // Decoding stops at a line feed; ids behind it were made in the same stride.
    private static string FirstLine(string answer)
    {
        var end = answer.IndexOf('\n', StringComparison.Ordinal);
        return end < 0 ? answer : answer[..end];
    }
}
