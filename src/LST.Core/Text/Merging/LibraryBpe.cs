using Microsoft.ML.Tokenizers;

namespace LST.Core.Text.Merging;

/// <summary>
/// Byte-level BPE of one part by Microsoft.ML.Tokenizers. Splitting, added tokens and decoding are ours (docs/tokenizers.md says why);
/// its merge loop is quadratic in the length of a part, so it gets short ones only.
/// </summary>
internal sealed class LibraryBpe
{
    private readonly Tokenizer _tokenizer;

    private LibraryBpe(Tokenizer tokenizer) => _tokenizer = tokenizer;

    /// <summary>From ranks: lines of base64, a space and the rank, already checked.</summary>
    internal static LibraryBpe FromRanks(byte[] checkedLines)
    {
        using var stream = new MemoryStream(checkedLines);
        return new LibraryBpe(TiktokenTokenizer.Create(stream, preTokenizer: null, normalizer: null));
    }

    /// <summary>From a vocabulary in the byte alphabet and its ranked pairs, already checked.</summary>
    internal static LibraryBpe FromMerges(Vocabulary vocabulary, IEnumerable<(string Left, string Right)> merges) =>
        new(BpeTokenizer.Create(new BpeOptions(vocabulary.Ids) { Merges = merges.Select(m => $"{m.Left} {m.Right}"), ByteLevel = true }));

    /// <summary>Ids of one part of text.</summary>
    internal IReadOnlyList<int> Encode(ReadOnlySpan<char> part) =>
        _tokenizer.EncodeToIds(part, considerPreTokenization: false, considerNormalization: false);
}
