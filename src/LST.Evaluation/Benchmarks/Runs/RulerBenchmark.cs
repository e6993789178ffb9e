using System.Text.Json.Nodes;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Ruler;

namespace LST.Evaluation.Benchmarks.Runs;

/// <summary>Samples of one of RULER's tasks, of one or several lengths: greedy answers, scored by string match. An answer ends early where it already holds all that is asked for, which no further word can undo.</summary>
/// <param name="loaded">The model.</param>
/// <param name="contexts">Compresses contexts.</param>
/// <param name="task">The task.</param>
/// <param name="samples">Its samples.</param>
/// <param name="mode">What is compressed.</param>
/// <param name="flags">What of the data departs from RULER's own: haystack, sentence splitter.</param>
public sealed class RulerBenchmark(LoadedModel loaded, CompressedContexts contexts, RulerTask task, IReadOnlyList<RulerSample> samples, CompressionMode mode, IReadOnlyList<string> flags) : IBenchmarkTask
{
    private readonly TextAnswers answers = new(loaded, contexts, mode);

    /// <inheritdoc/>
    public string Name => task.Name;

    /// <inheritdoc/>
    public int Count => samples.Count;

    /// <inheritdoc/>
    public string ItemId(int index) => samples[index].ItemId;

    /// <inheritdoc/>
    public IReadOnlyList<ItemLine> Score(int index, IReadOnlyList<BenchmarkRow> rows, CancellationToken cancel)
    {
        var sample = samples[index];
        var prompt = sample.Split();
        double Of(string answer) => RulerScore.Of(task, RulerScore.Clean(answer), sample.Outputs);
        var made = answers.Of(prompt.Context, prompt.Question + prompt.AnswerPrefix, rows, task.NewTokens, answer => Of(answer) >= 1, cancel);
        return
        [
            .. rows.Select((row, r) => LineBuilder.Of(this, index, row, made[r].Tally, ModeName.Of(mode)) with
            {
                Gold = new JsonArray([.. sample.Outputs.Select(output => (JsonNode?)output)]),
                Prediction = made[r].Text,
                Score = Of(made[r].Text),
                Length = sample.Settings.MaxLength,
                Variant = sample.Settings.Variant == RulerVariant.Reference ? null : sample.Settings.Variant.Name(),
                ParityFlags = ["ends-when-found", .. flags],
            }),
        ];
    }
}
