using LST.Core;
using LST.Core.Text;

namespace LST.Evaluation.Benchmarks.Recall;

/// <summary>
/// Ids of a recall item (conventions §3): BOS and the tokens of the whole string. The answer's ids are those behind the longest common prefix with the ids of context and question, because a
/// tokenizer may merge across the border.
/// </summary>
/// <param name="Ids">[N] all ids, BOS first.</param>
/// <param name="ContextTokens">|ids(BOS + context)|: so many of the first ids are compressed in the query-agnostic form.</param>
/// <param name="AnswerStart">Place of the answer's first id.</param>
public sealed record RecallIds(long[] Ids, int ContextTokens, int AnswerStart)
{
    /// <summary>The answer's ids, never none.</summary>
    public ReadOnlySpan<long> Answer => Ids.AsSpan(AnswerStart);

    /// <summary>How many of the first ids are prefilled and compressed: the context, or everything before the answer.</summary>
    /// <param name="mode">Whether the question is compressed too.</param>
    public int CompressedTokens(CompressionMode mode) => mode == CompressionMode.QueryAware ? AnswerStart : ContextTokens;

    /// <summary>The ids of an item.</summary>
    /// <param name="item">The item.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="bos">The id in front.</param>
    /// <exception cref="DataException">The tokenizer leaves no id to the answer, or none to the question.</exception>
    public static RecallIds Of(RecallLine item, ITokenizer tokenizer, int bos)
    {
        var ids = WithBos(tokenizer.Encode(item.Text), bos);
        var start = ids.AsSpan().CommonPrefixLength(WithBos(tokenizer.Encode(item.Context + item.Question), bos));
        var context = 1 + tokenizer.Encode(item.Context).Length;
        if (start == ids.Length || start <= context)
            throw new DataException($"Recall item '{item.Id}': context, question and answer must each have ids of their own, but of {ids.Length} ids {context} are the context's and the answer begins at {start}; "
                + "give it a longer question, or an answer that does not merge with it.");
        return new RecallIds(ids, context, start);
    }

    private static long[] WithBos(int[] tokens, int bos) => [bos, .. tokens.Select(id => (long)id)];
}
