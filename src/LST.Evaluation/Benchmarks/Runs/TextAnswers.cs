using LST.Evaluation.Benchmarks.ZeroShot;

namespace LST.Evaluation.Benchmarks.Runs;

/// <summary>
/// Answers in words: the context is prefilled and compressed for every row, the question is read behind it, and the model goes on greedily. Query-aware, context and question are compressed together, and
/// the first new id comes from the pass over the whole prompt.
/// </summary>
/// <param name="loaded">The model.</param>
/// <param name="contexts">Compresses contexts.</param>
/// <param name="mode">What is compressed.</param>
internal sealed class TextAnswers(LoadedModel loaded, CompressedContexts contexts, CompressionMode mode)
{
    // Special tokens of a chat wrap become their ids, and one BOS stands in front.
    private readonly PairEncoder encoder = PairEncoder.Of(loaded);

    /// <summary>An answer of each row, and how far its cache was compressed.</summary>
    /// <param name="context">Text of the context.</param>
    /// <param name="question">Text behind it.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="newTokens">Most new ids.</param>
    /// <param name="isEnough">Told an answer so far: whether more of it cannot change the score.</param>
    /// <param name="cancel">Stops between layers and tokens.</param>
    public IReadOnlyList<(string Text, CacheTally Tally)> Of(string context, string question, IReadOnlyList<BenchmarkRow> rows, int newTokens, Func<string, bool>? isEnough, CancellationToken cancel)
    {
        long[] ids = [.. encoder.Encode(context + question).Select(id => (long)id)];
        // A token may reach across the border: the first ids, as many as the context alone has.
        var first = Math.Min(encoder.Encode(context).Length, ids.Length - 1);
        var tokens = mode == CompressionMode.QueryAware ? ids.Length : first;
        using var compressed = contexts.Compress(ids.AsMemory(0, tokens), rows, cancel);
        // Rows without compression share a cache: one answer serves them all.
        int[] own = [.. Enumerable.Range(0, rows.Count).Where(r => Enumerable.Range(0, r).All(earlier => !compressed.Share(r, earlier)))];
        var greedy = new GreedyAnswers(loaded.Model, GenerationPrompt.StopIds(loaded));
        var answers = greedy.Of([.. own.Select(r => compressed[r])], ids.AsMemory(tokens), compressed.LastHidden, newTokens, isEnough is null ? null : made => isEnough(loaded.Tokenizer.Decode([.. made])), cancel);
        return [.. Enumerable.Range(0, rows.Count).Select(r => (loaded.Tokenizer.Decode(answers[Array.FindIndex(own, other => compressed.Share(r, other))]), compressed.Tallies[r]))];
    }
}
