using System.Globalization;
using LST.Core;
using LST.Evaluation.Texts;

namespace LST.Evaluation.Perplexity.DocumentCompatible;

/// <summary>
/// The samples of E3: the 100 frozen lines of <c>wikitext2</c>, each as it stands (with its spaces, without its line feed), BOS in front, cut to
/// 512 ids; those below 100 ids are left out. The first ⌊ids / 2⌋ are the prefix. BOS counts as the first of the ids, as a Llama tokenizer puts it
/// in front of every text.
/// </summary>
public static class LineSamples
{
    /// <summary>Most ids of a sample, BOS included; the rest of a line is cut off.</summary>
    public const int Longest = 512;

    /// <summary>Fewest ids of a sample, BOS included.</summary>
    public const int Shortest = 100;

    /// <summary>The name of the text that the lines are of.</summary>
    public const string TextName = "wikitext2";

    private const string Resource = "e3-lines.txt";

    /// <summary>The frozen numbers of lines, counted from 0, in the order of the samples (<c>data/e3-lines.txt</c>).</summary>
    public static IReadOnlyList<int> Lines { get; } = Read();

    /// <summary>Refuses every other text: the numbers of lines mean nothing there.</summary>
    /// <exception cref="UsageException">It is another text.</exception>
    public static void Require(string text)
    {
        if (!string.Equals(text, TextName, StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--text {text}: protocol e3 is defined on {Lines.Count} lines of {TextName} (data/e3-lines.txt) and on nothing else; leave --text out, or take --protocol e1");
    }

    /// <summary>The samples that are long enough, and the numbers of their lines.</summary>
    /// <param name="text">The text.</param>
    /// <param name="encode">Ids of a line without BOS.</param>
    /// <param name="bos">The model's BOS.</param>
    /// <param name="limit">Only the first N; null: all.</param>
    /// <exception cref="DataException">No line has <see cref="Shortest"/> ids.</exception>
    internal static (IReadOnlyList<Chunk> Samples, IReadOnlyList<int> Lines) Of(LoadedText text, Func<string, int[]> encode, int bos, int? limit)
    {
        Require(text.Name);
        var all = text.Content.Split('\n');
        List<Chunk> samples = [];
        List<int> lines = [];
        foreach (var line in Lines)
        {
            if (samples.Count == (limit ?? int.MaxValue)) break;
            long[] ids = [bos, .. encode(all[line]).Take(Longest - 1).Select(id => (long)id)];
            if (ids.Length < Shortest) continue;
            var prefix = ids.Length / 2;
            samples.Add(new Chunk(ids, prefix, ids.Length - prefix - 1));
            lines.Add(line);
        }
        return samples.Count > 0 ? (samples, lines) : throw new DataException($"text '{text.Name}': a sample of e3 has at least {Shortest} ids, none of the {Lines.Count} lines does under this model's tokenizer; take --protocol e1");
    }

    private static int[] Read()
    {
        using var stream = typeof(LineSamples).Assembly.GetManifestResourceStream(Resource) ?? throw new InvalidOperationException($"the assembly lacks {Resource}");
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#').Select(line => int.Parse(line, CultureInfo.InvariantCulture))];
    }
}
