using LST.Core;
using LST.Evaluation.PythonText;
using LST.Evaluation.Texts;

namespace LST.Evaluation.Benchmarks.Ruler.Haystacks;

/// <summary>The essays of the haystack as words and sentences. Safe for concurrent use.</summary>
public sealed class EssayHaystack
{
    private const string KnownSha256 = "ffb66584311954cc581c14d2aedc4240019a658966bc529b2a1765f5ead536c3";

    private readonly string text;
    private readonly int[] wordEnds;
    private readonly SentenceTable sentences;

    private EssayHaystack(string content, Func<string, SentenceTable> split)
    {
        Content = content;
        Sha256 = TextFile.Digest(content).Sha256;
        text = PyText.CollapseSpace(content);
        wordEnds = [.. text.Select((c, i) => (c, i)).Where(at => at.c == ' ').Select(at => at.i), text.Length];
        sentences = split(text);
    }

    /// <summary>The text as it is in the file.</summary>
    public string Content { get; }

    /// <summary>Digest of the text's UTF-8 bytes, lower-case hex.</summary>
    public string Sha256 { get; }

    /// <summary>Name in records: <c>pg49</c>, the 49 essays of the needle-in-a-haystack test (RULER itself has 217, so essay tasks are not sample for sample its own), or <c>other</c>.</summary>
    public string Name => Sha256 == KnownSha256 ? "pg49" : "other";

    /// <summary>Who found the sentences: <c>nltk-table</c>, a table of NLTK's borders of this text, or <c>simple</c>, the splitter of this project.</summary>
    public string SentenceSplitter => sentences.Splitter;

    /// <summary>Words of the text; a text that ends with white space has an empty one at its end, as in RULER.</summary>
    public int WordCount => wordEnds.Length;

    /// <summary>Reads the haystack, and its table of sentences where there is one that fits.</summary>
    /// <param name="path">A UTF-8 file.</param>
    /// <param name="tables">Files that may hold NLTK's borders; the first that fits the text is taken.</param>
    /// <exception cref="DataException">A file cannot be read, or a table is damaged.</exception>
    public static EssayHaystack Read(string path, IEnumerable<string> tables) => new(
        TextFile.Read(path, Path.GetFileName(path)),
        text => tables.Select(table => SentenceTable.Read(table, text)).FirstOrDefault(table => table is not null) ?? SimpleSentences.Split(text));

    /// <summary>A haystack from a text, split by the simple splitter.</summary>
    public static EssayHaystack FromText(string content) => new(content, SimpleSentences.Split);

    /// <summary>
    /// The sentences of the first words; beyond the last word the text begins again. A border inside of the words stays where the whole text has it, and the last sentence is clipped, as NLTK does it.
    /// </summary>
    internal List<string> Sentences(int words)
    {
        var found = new List<string>();
        for (var left = words; left > 0; left -= WordCount)
        {
            var length = wordEnds[Math.Min(left, WordCount) - 1];
            foreach (var (start, end) in sentences.Borders)
            {
                if (start >= length) break;
                found.Add(text[start..Math.Min(end, length)]);
            }
        }
        return found;
    }
}
