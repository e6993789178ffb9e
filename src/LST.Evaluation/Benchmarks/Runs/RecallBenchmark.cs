using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Recall;
using LST.Evaluation.Benchmarks.ZeroShot;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Evaluation.Benchmarks.Runs;

/// <summary>
/// The recall examination (conventions §3): an item is right when each id of the answer is the arg-max behind what comes before it, given the right ones. Query-agnostic, the context is compressed and the
/// question read behind it; query-aware, everything before the answer is compressed, and its first id is predicted by the pass over the whole prompt.
/// </summary>
/// <param name="loaded">The model.</param>
/// <param name="contexts">Compresses contexts.</param>
/// <param name="items">The items.</param>
/// <param name="mode">What is compressed.</param>
public sealed class RecallBenchmark(LoadedModel loaded, CompressedContexts contexts, IReadOnlyList<RecallLine> items, CompressionMode mode) : IBenchmarkTask
{
    /// <inheritdoc/>
    public string Name => "recall";

    /// <inheritdoc/>
    public int Count => items.Count;

    /// <inheritdoc/>
    public string ItemId(int index) => items[index].Id;

    /// <inheritdoc/>
    public IReadOnlyList<ItemLine> Score(int index, IReadOnlyList<BenchmarkRow> rows, CancellationToken cancel)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var item = items[index];
        var ids = RecallIds.Of(item, loaded.Tokenizer, loaded.BosId);
        var tokens = ids.CompressedTokens(mode);
        using var context = contexts.Compress(ids.Ids.AsMemory(0, tokens), rows, cancel);
        var lines = new ItemLine[rows.Count];
        for (var r = 0; r < rows.Count; r++)
        {
            // The loss of id i is read behind id i − 1.
            var inputs = ids.Ids[tokens..^1];
            var answer = ids.Answer.ToArray();
            var read = inputs.Length == 0 ? null : loaded.Model.Run(tensor(inputs, 1, inputs.Length).to(loaded.Model.Device), context[r], new SegmentOptions { Append = false, Cancel = cancel });
            var states = read is null ? context.LastHidden[0] : cat([context.LastHidden[0], read[0]], 0);
            var (logProbs, isLargest) = TokenLogProbs.Of(loaded.Model, states.narrow(0, states.shape[0] - answer.Length, answer.Length), answer);
            lines[r] = LineBuilder.Of(this, index, rows[r], context.Tallies[r], ModeName.Of(mode)) with
            {
                Gold = item.Answer,
                Loglik = [.. logProbs],
                Score = isLargest.Contains(false) ? 0 : 1,
                Length = item.TargetTokens,
                Further = new Dictionary<string, object> { ["template"] = item.Template, ["keys"] = item.Keys, ["kind"] = item.Kind },
            };
            context.Free(r);
        }
        return lines;
    }
}
