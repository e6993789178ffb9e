using LST.Core.Models;
using LST.Core.Training.Data;

namespace LST.Core.Training;

/// <summary>
/// Prepared prefixes by number of their sequence, kept up to a budget of bytes; those used longest ago go first. What is kept changes the time of a run and
/// nothing else.
/// </summary>
internal sealed class PrefixStore(LanguageModel model, Func<long, TrainingSequence> sequences, PrefixNeeds needs, long byteBudget) : IDisposable
{
    private readonly Dictionary<long, LinkedListNode<(long Index, PreparedPrefix Prefix)>> known = [];
    private readonly LinkedList<(long Index, PreparedPrefix Prefix)> used = new();
    private long bytes;

    /// <summary>Dense passes that were made.</summary>
    public long Prepared { get; private set; }

    /// <summary>Held bytes.</summary>
    public long Bytes => bytes;

    /// <summary>The prepared sequence; valid until the next call.</summary>
    public PreparedPrefix Get(long index, CancellationToken cancel)
    {
        if (known.TryGetValue(index, out var node))
        {
            used.Remove(node);
            used.AddFirst(node);
            return node.Value.Prefix;
        }
        var made = PreparedPrefix.Of(model, sequences(index), needs, cancel);
        Prepared++;
        known[index] = used.AddFirst((index, made));
        bytes += made.Bytes;
        while (bytes > byteBudget && used.Count > 1)
        {
            var (oldest, prefix) = used.Last!.Value;
            used.RemoveLast();
            known.Remove(oldest);
            bytes -= prefix.Bytes;
            prefix.Dispose();
        }
        return made;
    }

    public void Dispose()
    {
        foreach (var (_, prefix) in used) prefix.Dispose();
        used.Clear();
        known.Clear();
        bytes = 0;
    }
}
