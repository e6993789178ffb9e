using LST.Core.Text;

namespace LST.Cli.Terminal;

/// <summary>Prints a growing text token by token; characters that are not whole yet wait for their last byte.</summary>
public sealed class TokenPrinter(ITokenizer tokenizer, TextWriter writer)
{
    // Decoding starts again a few tokens back, never from the very beginning: the cost of a token does not grow.
    private const int Context = 16;
    private readonly List<int> ids = [];
    private int from;
    private int printed;

    /// <summary>One more token.</summary>
    public void Add(int id)
    {
        ids.Add(id);
        Flush(whole: false);
        if (ids.Count - from < 4 * Context) return;
        var start = ids.Count - Context;
        var head = Decode(from, ids.Count);
        var tail = Decode(start, ids.Count);
        // Only where the tail alone decodes to the end of the whole can the front be let go.
        if (!head.EndsWith(tail, StringComparison.Ordinal) || head.Length - tail.Length > printed) return;
        printed -= head.Length - tail.Length;
        from = start;
    }

    /// <summary>Prints what waits, and a line end.</summary>
    public void End()
    {
        Flush(whole: true);
        writer.WriteLine();
    }

    private void Flush(bool whole)
    {
        var text = Decode(from, ids.Count);
        var end = text.Length;
        if (!whole) while (end > 0 && text[end - 1] == '\uFFFD') end--;
        if (end <= printed) return;
        writer.Write(text.AsSpan(printed, end - printed));
        writer.Flush();
        printed = end;
    }

    private string Decode(int start, int end) => tokenizer.Decode([.. ids[start..end]], skipSpecial: true);
}
