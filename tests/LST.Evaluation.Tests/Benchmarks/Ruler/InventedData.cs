using System.Text;
using System.Text.Json;
using LST.Evaluation.Benchmarks.Ruler;
using LST.Evaluation.PythonText;

namespace LST.Evaluation.Tests.Benchmarks.Ruler;

/// <summary>Invented essays and questions in the forms of the real files.</summary>
internal sealed class InventedData : IDisposable
{
    public const int Articles = 6, Paragraphs = 5, Questions = 12;

    private readonly TemporaryFolder folder = new();

    public InventedData()
    {
        folder.Write("haystack/paul_graham_essays.txt", Essays(900));
        folder.Write("ruler/squad.json", Squad());
        folder.Write("ruler/hotpotqa.json", HotpotQa());
        Data = new RulerData(name => File.Exists(folder.File(name)) ? folder.File(name) : null);
    }

    public RulerData Data { get; }

    public string PathOf(string name) => folder.File(name);

    public void Dispose() => folder.Dispose();

    public RulerSequence Begin(RulerSettings settings) => RulerSequence.Begin(settings, Words, Data, TestContext.Current.CancellationToken);

    public IEnumerable<RulerSample> Samples(RulerSettings settings, Func<string, int>? tokens = null) =>
        RulerSequence.Samples(settings, tokens ?? Words, Data, TestContext.Current.CancellationToken);

    /// <summary>The tokenizer of the metric goldens.</summary>
    public static int Words(string text) => PyText.Split(text).Count;

    /// <summary>Sentences of 4 to 11 words, every seventh before a paragraph's end.</summary>
    public static string Essays(int sentences)
    {
        var text = new StringBuilder();
        for (var i = 0; i < sentences; i++)
        {
            text.Append("Sentence");
            for (var word = 0; word < 3 + (i * 5 % 8); word++) text.Append(' ').Append((char)('a' + (word * 7 % 26))).Append(i);
            text.Append(i % 3 == 0 ? "?" : ".").Append(i % 7 == 6 ? "\n\n" : " ");
        }
        return text.ToString();
    }

    private static string Context(int article, int paragraph) => $"Paragraph {paragraph} of article {article} says that the number is {(article * 10) + paragraph} and adds some more words.";

    private static string Squad() => JsonSerializer.Serialize(new
    {
        version = "v2.0",
        data = Enumerable.Range(0, Articles).Select(article => new
        {
            title = $"Article {article}",
            paragraphs = Enumerable.Range(0, Paragraphs).Select(paragraph => new
            {
                context = Context(article, paragraph),
                qas = new[]
                {
                    new { question = $"What is the number of {article}.{paragraph}?", id = $"{article}-{paragraph}", is_impossible = false, answers = new[] { new { text = $"{(article * 10) + paragraph}" }, new { text = "the number" } } },
                    new { question = "What does nobody know?", id = $"{article}-{paragraph}-x", is_impossible = true, answers = Array.Empty<object>().Select(_ => new { text = "" }).ToArray() },
                },
            }),
        }),
    });

    private static string HotpotQa() => JsonSerializer.Serialize(Enumerable.Range(0, Questions).Select(question => new
    {
        question = $"Which animal is number {question}?",
        answer = $"animal{question}",
        context = Enumerable.Range(0, 10).Select(document => new object[]
        {
            $"Title {(question + document) % 20}", new[] { $"It is about animal{(question + document) % 20}.", " That is all." },
        }),
    }));
}
