using LST.Core.Text;
using LST.Core.Training.Data.Kinds;

namespace LST.Core.Training.Data;

/// <summary>
/// Fixed sequences that training is watched on: chunks of a development text as protocol E1 cuts them, and the development half of the recall examination.
/// </summary>
public static class DevelopmentSet
{
    /// <summary>
    /// The first chunks of protocol E1 (conventions §4): the whole text is tokenised once without BOS, chunk c is BOS and its ids [c·(P + S − 1), (c + 1)·(P
    /// + S − 1)), T = P − 1.
    /// </summary>
    /// <param name="text">A development text, or a file.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="bos">The id in front of every chunk.</param>
    /// <param name="protocolPrefix">P of the protocol, one more than the sequences' T.</param>
    /// <param name="suffix">S: scored ids of a chunk.</param>
    /// <param name="chunks">At most so many; a short rest of the text is dropped.</param>
    /// <exception cref="UsageException">A test text, or a length that means nothing.</exception>
    /// <exception cref="DataException">Shorter than one chunk.</exception>
    public static IReadOnlyList<TrainingSequence> Chunks(TrainingText text, ITokenizer tokenizer, int bos, int protocolPrefix, int suffix, int chunks)
    {
        ArgumentNullException.ThrowIfNull(text);
        TextRoles.RequireValidation(text.Name, text.Role);
        RequirePositive("prefix", protocolPrefix - 1, "must have at least 2 tokens", protocolPrefix);
        RequirePositive("suffix", suffix, "must have at least 1 token", suffix);
        RequirePositive("chunks", chunks, "must be at least 1", chunks);
        var ids = tokenizer.Encode(string.Join('\n', text.Documents));
        long chunkIds = (long)protocolPrefix + suffix - 1;
        var count = (int)Math.Min(chunks, ids.Length / chunkIds);
        if (count == 0)
            throw new DataException(
                $"text '{text.Name}': one chunk needs {chunkIds} ids, the whole text has {ids.Length}; take a longer text, or a smaller prefix and suffix.");
        return [.. Enumerable.Range(0, count).Select(c => Chunk(text.Name, ids.AsSpan((int)(c * chunkIds), (int)chunkIds), bos, protocolPrefix - 1, suffix, c))];
    }

    /// <summary>
    /// The items of a recall file, <c>data/recall/dev.jsonl</c>: BOS + context compressed, question and answer behind it (query-agnostic), the answer's ids
    /// weigh 1 and all
    /// others 0. An item is right when each of its answer's ids is the argmax.
    /// </summary>
    /// <param name="path">A file of lines with id, template, kind, keys, target_tokens, context, question, answer.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="bos">The id in front of every item.</param>
    /// <exception cref="UsageException">A template of the examination's test half.</exception>
    /// <exception cref="DataException">The file is missing or a line is not such an item.</exception>
    public static IReadOnlyList<RecallItem> Recall(string path, ITokenizer tokenizer, int bos)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        var layout = new QuestionLayout(tokenizer, bos);
        return [.. RecallFile.Read(path).Select(line => line.ToItem(layout))];
    }

    private static TrainingSequence Chunk(string source, ReadOnlySpan<int> ids, int bos, int prefix, int suffix, int number)
    {
        var all = new long[1 + ids.Length];
        all[0] = bos;
        for (var i = 0; i < ids.Length; i++) all[1 + i] = ids[i];
        return new TrainingSequence(all, prefix, suffix, null, SequenceKinds.Text, source, $"chunk {number}");
    }

    private static void RequirePositive(string what, int value, string rule, int found)
    {
        if (value < 1) throw new UsageException($"validation: the {what} {rule}, but found {found}; give a larger number.");
    }
}
