using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.ZeroShot;

namespace LST.Evaluation.Benchmarks.Runs;

/// <summary>A likelihood task under protocol MC-P: contexts are compressed but for their last id, continuations scored behind them.</summary>
/// <param name="scorer">Scores documents.</param>
/// <param name="task">The task.</param>
/// <param name="documents">Its items, with their examples in front where there are some.</param>
/// <param name="shots">Number of examples.</param>
public sealed class ZeroShotBenchmark(ZeroShotScorer scorer, ZeroShotTask task, IReadOnlyList<ZeroShotDocument> documents, int shots) : IBenchmarkTask
{
    /// <summary>The protocol's name in lines.</summary>
    public const string Mode = "mc-p";

    /// <inheritdoc/>
    public string Name => shots == 0 ? task.Name : FormattableString.Invariant($"{task.Name}-{shots}shot");

    /// <inheritdoc/>
    public string Headline => task.Headline;

    /// <inheritdoc/>
    public double? PerplexityOf(IReadOnlyList<ItemLine> lines) => task.IsWordPrediction ? TaskScores.PerplexityOf([.. lines.Select(line => line.Loglik![0])]).Mean : null;

    /// <inheritdoc/>
    public int ContextsOf(int index) => documents[index].Requests.Select(request => request.Context).Distinct(StringComparer.Ordinal).Count();

    /// <inheritdoc/>
    public int Count => documents.Count;

    /// <inheritdoc/>
    public string ItemId(int index) => FormattableString.Invariant($"{documents[index].DocId}");

    /// <inheritdoc/>
    public IReadOnlyList<ItemLine> Score(int index, IReadOnlyList<BenchmarkRow> rows, CancellationToken cancel)
    {
        var document = documents[index];
        var made = scorer.Score(document, rows, cancel);
        return
        [
            .. made.Select(row =>
            {
                var scores = ChoiceScores.Of(document, row.Requests);
                Dictionary<string, double> named = new() { ["acc"] = scores.Acc };
                if (task.HasNormalized) named["acc_norm"] = scores.AccNorm;
                return LineBuilder.Of(this, index, row.Row, row.Caches, Mode) with
                {
                    Gold = task.IsWordPrediction ? document.Requests[0].Continuation.TrimStart(' ') : document.Gold,
                    Loglik = [.. row.Requests.Select(request => request.LogLikelihood)],
                    Score = named.GetValueOrDefault(task.Headline, scores.Acc),
                    Scores = named,
                    ParityFlags = [scorer.EncoderFlag],
                };
            }),
        ];
    }
}
