using LST.Core;
using LST.Core.Caching;
using LST.Core.Models;
using LST.Core.Models.Generation;
using static TorchSharp.torch;

namespace LST.Evaluation.Benchmarks.Runs;

/// <summary>Greedy continuations of one question behind many caches of the same context, decoded together: arg-max, the first maximum wins, until an id that ends a text or the most new ids.</summary>
/// <param name="model">The model.</param>
/// <param name="stopIds">Ids that end a text; they are not part of it.</param>
public sealed class GreedyAnswers(LanguageModel model, IReadOnlyCollection<int> stopIds)
{
    // Caches that are joined; larger batches gain nothing and need their memory twice.
    private const int MostTogether = 32;

    /// <summary>Generates behind each cache.</summary>
    /// <param name="caches">Caches of the same number of tokens, batch 1; they are emptied.</param>
    /// <param name="question">Ids behind the context; none: the first new id is taken from <paramref name="lastHidden"/>.</param>
    /// <param name="lastHidden">Final hidden state of the context's last token [1, 1, M].</param>
    /// <param name="newTokens">Most new ids.</param>
    /// <param name="isEnough">Told the ids so far, from time to time: whether more of them cannot change the score; null: never.</param>
    /// <param name="cancel">Stops between tokens.</param>
    /// <returns>New ids of each cache.</returns>
    public IReadOnlyList<int[]> Of(IReadOnlyList<KvCache> caches, ReadOnlyMemory<long> question, Tensor lastHidden, int newTokens, Func<IReadOnlyList<int>, bool>? isEnough = null, CancellationToken cancel = default) =>
        [.. caches.Chunk(MostTogether).SelectMany(part => Together(part, question.Span, lastHidden, newTokens, isEnough, cancel))];

    private int[][] Together(KvCache[] caches, ReadOnlySpan<long> question, Tensor lastHidden, int newTokens, Func<IReadOnlyList<int>, bool>? isEnough, CancellationToken cancel)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var rows = caches.Length;
        using var joined = KvCache.Join(model.Config, caches, model.Dtype, model.Device, Math.Clamp(question.Length + newTokens, 1, 256));
        var last = lastHidden.expand(rows, 1, -1);
        if (question.Length > 0)
        {
            var hidden = model.Run(tensor(question.ToArray(), 1, question.Length).expand(rows, -1).contiguous().to(model.Device), joined, new SegmentOptions { Cancel = cancel });
            last = hidden.narrow(1, question.Length - 1, 1);
        }
        using var loop = new DecodeLoop(model, joined);
        var logits = loop.Logits(last.contiguous());
        var (made, next, finished) = (caches.Select(_ => new List<int>()).ToArray(), new long[rows], new bool[rows]);
        for (var step = 1; ; step++)
        {
            for (var b = 0; b < rows; b++)
            {
                if (finished[b]) continue;
                var id = FirstLargest(logits.Span.Slice(b * model.Config.VocabularySize, model.Config.VocabularySize));
                next[b] = id;
                if (stopIds.Contains(id)) finished[b] = true;
                else
                {
                    made[b].Add(id);
                    finished[b] = step % 4 == 0 && isEnough?.Invoke(made[b]) == true;
                }
            }
            if (step == newTokens || Array.TrueForAll(finished, done => done)) return [.. made.Select(ids => ids.ToArray())];
            cancel.ThrowIfCancellationRequested();
            logits = loop.Next(next);
        }
    }

    private static int FirstLargest(ReadOnlySpan<float> logits)
    {
        var largest = 0;
        for (var i = 1; i < logits.Length; i++)
            if (logits[i] > logits[largest] || float.IsNaN(logits[i])) largest = i;
        return float.IsFinite(logits[largest]) ? largest : throw new DataException("An answer needs logits that are numbers, but the model gives others; run it in float32 and look at the method's output.");
    }
}
