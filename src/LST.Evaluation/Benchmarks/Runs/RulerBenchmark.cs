using System.Text.Json.Nodes;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Ruler;

namespace LST.Evaluation.Benchmarks.Runs;

/// <summary>Samples of one of RULER's tasks, of one or several lengths: greedy answers, scored by string match. An answer ends early where it already holds all that is asked for, which no further word can undo.</summary>
/// <param name="loaded">The model.</param>
/// <param name="contexts">Compresses contexts.</param>
/// <param name="task">The task.</param>
/// <param name="items">Its samples.</param>
/// <param name="mode">What is compressed.</param>
/// <param name="flags">What of the data departs from RULER's own: haystack, sentence splitter.</param>
public sealed class RulerBenchmark(LoadedModel loaded, CompressedContexts contexts, RulerTask task, IReadOnlyList<RulerItem> items, CompressionMode mode, IReadOnlyList<string> flags) : IBenchmarkTask
{
    private readonly TextAnswers answers = new(loaded, contexts, mode);

    /// <inheritdoc/>
    public string Name => task.Name;

    /// <inheritdoc/>
    public int PlaceOf(int index) => items[index].Place;

    /// <inheritdoc/>
    public int Count => items.Count;

    /// <inheritdoc/>
    public string ItemId(int index) => items[index].ItemId;

    /// <inheritdoc/>
    public IReadOnlyList<ItemLine> Score(int index, IReadOnlyList<BenchmarkRow> rows, CancellationToken cancel)
    {
        var item = items[index];
        double Of(string answer) => RulerScore.Of(task, RulerScore.Clean(answer), item.Outputs);
        var made = answers.Of(item.Prompt.Context, item.Prompt.Question + item.Prompt.AnswerPrefix, rows, item.NewTokens ?? task.NewTokens, answer => Of(answer) >= 1, cancel);
        return
        [
            .. rows.Select((row, r) => LineBuilder.Of(this, index, row, made[r].Tally, ModeName.Of(mode)) with
            {
                Gold = new JsonArray([.. item.Outputs.Select(output => (JsonNode?)output)]),
                Prediction = made[r].Text,
                Score = Of(made[r].Text),
                Length = item.Length,
                Depth = item.Depth,
                Variant = item.Variant == RulerVariant.Reference ? null : item.Variant.Name(),
                ParityFlags = ["ends-when-found", .. flags],
            }),
        ];
    }
}
