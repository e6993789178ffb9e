using LST.Core.Text;

namespace LST.Core.Baselines;

/// <summary>The words that make a model repeat its context, as ids.</summary>
/// <param name="First">Before the first chunk.</param>
/// <param name="Next">Before later chunks; the last eight ids of the chunk before follow.</param>
/// <param name="Suffix">Between those words and the chunk itself.</param>
public sealed record KvZipPrompt(long[] First, long[] Next, long[] Suffix)
{
    private const int Overlap = 8;

    /// <summary>In a model's own tokens.</summary>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="method">Who asks, for the sentence that says a tokenizer is missing.</param>
    /// <exception cref="CompressionException">There is no tokenizer.</exception>
    public static KvZipPrompt From(ITokenizer? tokenizer, string method = "kvzip")
    {
        if (tokenizer is null) throw new CompressionException($"method '{method}' writes a prompt of its own and needs the model's tokenizer; the model folder holds none, add its tokenizer.json or tokenizer.model");
        long[] Ids(string text) => [.. tokenizer.Encode(text).Select(id => (long)id)];
        return new KvZipPrompt(Ids("\n\nRepeat the previous context exactly."), Ids("\n\nRepeat the part of the previous context exactly, starting with "), Ids("\n"));
    }

    /// <summary>The repeat input of one chunk.</summary>
    public long[] Repeat(ReadOnlySpan<long> ids, int start, int count) => start == 0
        ? [.. First, .. Suffix, .. ids.Slice(start, count)]
        : [.. Next, .. ids[Math.Max(0, start - Overlap)..start], .. Suffix, .. ids.Slice(start, count)];
}
