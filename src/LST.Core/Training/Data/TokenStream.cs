using System.Runtime.InteropServices;
using System.Security.Cryptography;
using LST.Core.Text;

namespace LST.Core.Training.Data;

/// <summary>A training text as token ids in memory, without BOS: two bytes an id where the vocabulary allows it, else four. Immutable.</summary>
public sealed class TokenStream
{
    private readonly ushort[]? _narrow;
    private readonly int[]? _wide;

    internal TokenStream(string name, string role, int[] ids, int vocabulary, bool isWhole)
    {
        (Name, Role, Count, IsWhole) = (name, role, ids.Length, isWhole);
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(ids.AsSpan())));
        if (vocabulary <= ushort.MaxValue + 1) _narrow = Array.ConvertAll(ids, id => checked((ushort)id));
        else _wide = ids;
    }

    /// <summary>Name of the text.</summary>
    public string Name { get; }

    /// <summary>Role of the text, <see cref="TextRoles.Training"/> or <see cref="TextRoles.File"/>.</summary>
    public string Role { get; }

    /// <summary>Number of ids.</summary>
    public int Count { get; }

    /// <summary>Whether the whole text is in it, rather than documents chosen up to a cap.</summary>
    public bool IsWhole { get; }

    /// <summary>Digest of all ids as int32 little-endian: lower-case hex.</summary>
    public string Sha256 { get; }

    /// <summary>Ids <paramref name="start"/> … of the stream, as many as there is room for.</summary>
    /// <param name="start">First id, from 0; the range has to lie inside the stream.</param>
    /// <param name="destination">Where they go.</param>
    public void Copy(long start, Span<long> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + destination.Length, Count, nameof(start));
        for (var i = 0; i < destination.Length; i++) destination[i] = _narrow is null ? _wide![start + i] : _narrow[start + i];
    }

    /// <summary>All ids.</summary>
    internal int[] ToArray() => _narrow is null ? [.. _wide!] : Array.ConvertAll(_narrow, id => (int)id);

    /// <summary>
    /// Tokenises a text document by document, as the documents are joined in the text. With a cap, documents (sections of long ones) are chosen by a random
    /// rank
    /// that depends on the seed and their place alone, kept in the order of the text, and the one of the last rank is cut where the cap is reached.
    /// </summary>
    /// <exception cref="UsageException">A text that must not be trained on, or settings that mean nothing.</exception>
    /// <exception cref="DataException">The text gives no tokens, or more than fit into one array.</exception>
    public static TokenStream Build(
        TrainingText text, ITokenizer tokenizer, TokenStreamSettings settings, IProgress<TokenStreamProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(tokenizer);
        TextRoles.RequireTraining(text.Name, text.Role);
        settings.Validate();
        var sections = new SectionPool(text.Name, settings.MaxTokens);
        var ranks = new SplittableRandom((ulong)settings.Seed).Split("sections");
        var place = 0UL;
        var documents = 0L;
        foreach (var document in Joined(text.Documents))
        {
            foreach (var section in Sections(document, settings.SectionCharacters))
            {
                cancel.ThrowIfCancellationRequested();
                var rank = ranks.Split(place).NextBits();
                if (sections.Wants(rank)) sections.Add(rank, place, tokenizer.Encode(section));
                place++;
            }
            progress?.Report(new TokenStreamProgress(++documents, sections.Tokens));
        }
        var ids = sections.Join();
        if (ids.Length == 0) throw new DataException($"text '{text.Name}': a text to train on must have tokens, but it is empty; check the text.");
        return new TokenStream(text.Name, text.Role, ids, tokenizer.VocabularySize, isWhole: !sections.Dropped);
    }

    /// <summary>Each document as it stands in the joined text: a line feed behind it unless it is the last.</summary>
    private static IEnumerable<string> Joined(IEnumerable<string> documents)
    {
        string? previous = null;
        foreach (var document in documents)
        {
            if (previous is not null) yield return previous + "\n";
            previous = document;
        }
        if (previous is not null) yield return previous;
    }

    /// <summary>
    /// A document in pieces that follow each other without a gap, cut before a letter or digit that begins a line, where no token of a usual tokenizer
    /// crosses.
    /// </summary>
    internal static IEnumerable<string> Sections(string document, int characters)
    {
        var start = 0;
        while (document.Length - start > characters)
        {
            var cut = start + characters;
            while (cut < document.Length && !(document[cut - 1] == '\n' && char.IsLetterOrDigit(document[cut]))) cut++;
            if (cut == document.Length) break;
            yield return document[start..cut];
            start = cut;
        }
        yield return start == 0 ? document : document[start..];
    }
}
