using System.Runtime.InteropServices;
using System.Text;
using LST.Core.Text.Merging;
using LST.Core.Text.Splitting;

namespace LST.Core.Text;

/// <summary>Byte-level BPE: the text is split by patterns, then the UTF-8 bytes of each part are merged. Bytes without a token are dropped.</summary>
internal sealed class ByteLevelModel : ITokenModel
{
    // Above this many characters our own merges take over from the library's quadratic ones.
    private const int LongPart = 512;

    private readonly Vocabulary _vocabulary;
    private readonly Func<int, bool> _takesPart;
    private readonly PartCache _cache = new();
    private readonly Lazy<MergeTable> _merges;
    private readonly int[] _byteIds;

    /// <param name="vocabulary">All tokens.</param>
    /// <param name="takesPart">Whether a token can come out of ordinary text (not so one that was only added).</param>
    /// <param name="library">The library's merges.</param>
    /// <param name="merges">The same merges for long parts, made when they are first needed.</param>
    internal ByteLevelModel(Vocabulary vocabulary, Func<int, bool> takesPart, LibraryBpe library, Func<MergeTable> merges)
    {
        (_vocabulary, _takesPart, Library) = (vocabulary, takesPart, library);
        _merges = new Lazy<MergeTable>(merges);
        _byteIds = [.. Enumerable.Range(0, 256).Select(b => PlainId(ByteAlphabet.Spell((byte)b).ToString()) ?? -1)];
    }

    internal LibraryBpe Library { get; }

    /// <summary>The pre-tokenizer.</summary>
    internal required TextSplitter Splitter { get; init; }

    /// <summary>A part that is itself a token is taken whole, even if no merges lead to it (tiktoken; <c>ignore_merges</c>).</summary>
    internal bool TakesWholeParts { get; init; }

    /// <summary>A space is put in front of text that does not begin with one.</summary>
    internal bool AddsPrefixSpace { get; init; }

    /// <inheritdoc/>
    public void Encode(string text, bool atTextStart, List<int> ids)
    {
        var whole = AddsPrefixSpace && text[0] != ' ' ? " " + text : text;
        foreach (var (start, length) in Splitter.Split(whole))
        {
            var part = whole.AsSpan(start, length);
            if (_cache.TryGet(part, out var known))
            {
                ids.AddRange(known);
                continue;
            }
            var before = ids.Count;
            EncodePart(part, ids);
            _cache.Add(part, CollectionsMarshal.AsSpan(ids)[before..]);
        }
    }

    private void EncodePart(ReadOnlySpan<char> part, List<int> ids)
    {
        if (TakesWholeParts && part.Length <= Vocabulary.MaxTokenLength && PlainId(Spelled(part)) is { } whole) ids.Add(whole);
        else if (part.Length <= LongPart) ids.AddRange(Library.Encode(part));
        else EncodeByOwnMerges(part, ids);
    }

    /// <summary>The same ids without the library, in O(n log n).</summary>
    internal void EncodeByOwnMerges(ReadOnlySpan<char> part, List<int> ids)
    {
        var bytes = Utf8(part);
        var symbols = new int[bytes.Length];
        var count = 0;
        foreach (var value in bytes)
            if (_byteIds[value] >= 0) symbols[count++] = _byteIds[value];
        count = SymbolMerger.Merge(symbols.AsSpan(0, count), _merges.Value);
        ids.AddRange(symbols.AsSpan(0, count));
    }

    private int? PlainId(string spelled) => _vocabulary.IdOf(spelled) is { } id && _takesPart(id) ? id : null;

    private static string Spelled(ReadOnlySpan<char> part) => ByteAlphabet.Spell(Utf8(part));

    private static byte[] Utf8(ReadOnlySpan<char> part)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(part)];
        Encoding.UTF8.GetBytes(part, bytes);
        return bytes;
    }
}
