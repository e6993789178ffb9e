using LST.Core.Text;

namespace LST.Core.Training.Data.Kinds;

/// <summary>A question and its answer, as they follow a context.</summary>
internal sealed record QuestionPart(string Question, string Answer);

/// <summary>
/// Ids of context, questions and answers by the rule of the recall examination (conventions §3): BOS and the tokens of the whole string; an answer's ids are
/// those
/// behind the longest common prefix with the ids of what stands before it, because a tokenizer may merge across the border.
/// </summary>
internal sealed class QuestionLayout(ITokenizer tokenizer, int bos)
{
    /// <summary>Number of ids of BOS and a text.</summary>
    public int Count(string text) => 1 + tokenizer.Encode(text).Length;

    /// <summary>
    /// Context, then every question and its answer, as a sequence; T = |ids(BOS + context)|, answers weigh 1 and all else <paramref name="otherWeight"/>.
    /// </summary>
    public TrainingSequence Build(string context, IReadOnlyList<QuestionPart> questions, float otherWeight, string kind, string source, string detail)
    {
        var whole = context + string.Concat(questions.Select(part => part.Question + part.Answer));
        var ids = Ids(whole);
        var prefix = Count(context);
        var suffix = ids.Length - prefix - 1;
        if (suffix < 1)
            throw new DataException($"{kind} sequence of '{source}': question and answer must have at least 2 tokens behind the context, but have {suffix + 1}; give a longer question.");
        var weights = new float[suffix];
        weights.AsSpan().Fill(otherWeight);
        foreach (var (start, end) in Spans(context, questions, ids))
            for (var i = Math.Max(start, prefix + 1); i < end; i++) weights[i - prefix - 1] = 1;
        return new TrainingSequence(ids, prefix, suffix, weights, kind, source, detail);
    }

    /// <summary>[start, end) of every answer in the ids of the whole string.</summary>
    private IEnumerable<(int Start, int End)> Spans(string context, IReadOnlyList<QuestionPart> questions, long[] ids)
    {
        var before = context;
        for (var i = 0; i < questions.Count; i++)
        {
            before += questions[i].Question;
            var start = Common(ids, Ids(before));
            before += questions[i].Answer;
            // The end of the last answer is the end of everything; another's is where the text behind it begins to differ.
            var end = i == questions.Count - 1 ? ids.Length : Math.Max(start + 1, Common(ids, Ids(before)));
            yield return (start, end);
        }
    }

    private long[] Ids(string text)
    {
        var tokens = tokenizer.Encode(text);
        var ids = new long[1 + tokens.Length];
        ids[0] = bos;
        for (var i = 0; i < tokens.Length; i++) ids[1 + i] = tokens[i];
        return ids;
    }

    private static int Common(long[] left, long[] right) => left.AsSpan().CommonPrefixLength(right);
}
