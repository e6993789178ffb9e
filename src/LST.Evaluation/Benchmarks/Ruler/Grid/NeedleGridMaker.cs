using LST.Core;
using LST.Core.Text;

namespace LST.Evaluation.Benchmarks.Ruler.Grid;

/// <summary>
/// Makes the cells of the needle-in-a-haystack grid (Kamradt 2023) as KV-cache papers draw it: a haystack cut to a length, and one needle behind a full stop near a depth. Without any draw: the same
/// tokenizer, haystack, length and depth give the same cell.
/// </summary>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="haystack">The text, as it is in its file; repeated where it is too short.</param>
public sealed class NeedleGridMaker(ITokenizer tokenizer, string haystack)
{
    /// <summary>Tokens of a length that prompt and answer may take.</summary>
    private const int Buffer = 200;

    // Tokens near the end of a piece of the haystack may differ from those in the whole text; so many are left out.
    private const int Margin = 256;

    private const int MostCharacters = 1 << 29;

    private readonly HashSet<int> fullStops = [.. new[] { tokenizer.IdOf("."), tokenizer.IdOf("\u2581.") }.OfType<int>()];
    private readonly int[] needle = tokenizer.Encode(SanFranciscoNeedle.Text);
    private int[] encoded = [];

    /// <summary>The ten depths of the papers: 0, 11, 22, 33, 44, 56, 67, 78, 89, 100.</summary>
    public static IReadOnlyList<int> Depths { get; } = DepthGrid.Points(0, 100, 10);

    /// <summary>Every length with every depth, lengths first.</summary>
    /// <exception cref="UsageException">A length is too short, or a depth is no percentage.</exception>
    public IEnumerable<NeedleGridSample> Grid(IReadOnlyList<int> lengths, IReadOnlyList<int> depths) =>
        from length in lengths from depth in depths select Make(length, depth);

    /// <summary>One cell.</summary>
    /// <param name="length">Tokens that the cell stands for.</param>
    /// <param name="depth">0 to 100 percent.</param>
    /// <exception cref="UsageException">The length is too short, or the depth is no percentage.</exception>
    public NeedleGridSample Make(int length, int depth)
    {
        if (depth is < 0 or > 100) throw new UsageException($"A needle's depth has to be 0 to 100 percent, but it is {depth}; the usual ones are {string.Join(", ", Depths)}.");
        var shortest = Buffer + needle.Length + 1;
        if (length < shortest)
            throw new UsageException($"A cell of the needle grid has to be at least {shortest} tokens long ({Buffer} for prompt and answer, {needle.Length} of the needle), but {length} were asked for; take a larger length.");

        var book = tokenizer.Encode(Haystack(length)).ToList();
        var room = length - Buffer - needle.Length;
        if (book.Count > room) book.RemoveRange(room, book.Count - room);
        var place = depth == 100 ? book.Count : (int)((long)book.Count * depth / 100);
        if (depth < 100)
            while (place > 0 && !fullStops.Contains(book[place - 1])) place--;
        book.InsertRange(place, needle);
        var text = tokenizer.Decode(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(book));
        return new(length, depth, SanFranciscoNeedle.Book(text), SanFranciscoNeedle.Asked, place, book.Count);
    }

    // The text of the first ids of the haystack, which is encoded no further than is needed.
    private string Haystack(int length)
    {
        for (var characters = 8L * (length + Margin); encoded.Length < length + Margin; characters *= 2)
        {
            if (haystack.Length == 0 || characters > MostCharacters)
                throw new DataException($"The haystack of the needle grid has to give {length} tokens, but its {haystack.Length} characters do not even when repeated; give another text.");
            var repeats = (characters / haystack.Length) + 1;
            encoded = tokenizer.Encode(string.Concat(Enumerable.Repeat(haystack, (int)repeats))[..(int)characters]);
        }
        return tokenizer.Decode(encoded.AsSpan(0, length));
    }
}
