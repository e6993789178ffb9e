using System.Text.Json;
using LST.Core;
using LST.Evaluation.Benchmarks.Ruler.Words;

namespace LST.Evaluation.Benchmarks.Ruler.Questions;

/// <summary>Readers of the two data sets of RULER's QA tasks, in the form in which they are published.</summary>
public static class QuestionFiles
{
    /// <summary>SQuAD 2.0, development set (<c>dev-v2.0.json</c>; Rajpurkar et al. 2018, CC BY-SA 4.0): documents are the paragraphs, questions those that have an answer.</summary>
    /// <exception cref="DataException">The file cannot be read or is another one.</exception>
    public static QuestionSet ReadSquad(string path) => Read(path, "SQuAD 2.0's dev-v2.0.json", root =>
    {
        var articles = root.GetProperty("data").EnumerateArray().Select(article => article.GetProperty("paragraphs").EnumerateArray().ToArray()).ToArray();
        var documents = new DocumentIndex(articles.SelectMany(paragraphs => paragraphs.Select(Context)));
        return documents.With(
            from paragraphs in articles
            let all = paragraphs.Select(paragraph => documents.Of(Context(paragraph))).ToArray()
            from paragraph in paragraphs
            let own = documents.Of(Context(paragraph))
            from question in paragraph.GetProperty("qas").EnumerateArray()
            where !question.GetProperty("is_impossible").GetBoolean()
            select new DocumentQuestion(
                Text(question, "question"), [.. question.GetProperty("answers").EnumerateArray().Select(answer => Text(answer, "text"))], [own], [.. all.Where(other => other != own)]));

        static string Context(JsonElement paragraph) => Text(paragraph, "context");
    });

    /// <summary>HotpotQA, development set with distractors (<c>hotpot_dev_distractor_v1.json</c>; Yang et al. 2018, CC BY-SA 4.0): a document is a title, a line feed and its sentences.</summary>
    /// <exception cref="DataException">The file cannot be read or is another one.</exception>
    public static QuestionSet ReadHotpotQa(string path) => Read(path, "HotpotQA's hotpot_dev_distractor_v1.json", root =>
    {
        var documents = new DocumentIndex(root.EnumerateArray().SelectMany(Contexts));
        return documents.With(root.EnumerateArray().Select(item =>
            new DocumentQuestion(Text(item, "question"), [Text(item, "answer")], [.. Contexts(item).Select(documents.Of)], [])));

        static IEnumerable<string> Contexts(JsonElement item) => item.GetProperty("context").EnumerateArray()
            .Select(context => $"{context[0].GetString()}\n{string.Concat(context[1].EnumerateArray().Select(sentence => sentence.GetString()))}");
    });

    private static string Text(JsonElement element, string field) =>
        element.GetProperty(field).GetString() ?? throw new InvalidOperationException($"'{field}' is null");

    private static QuestionSet Read(string path, string what, Func<JsonElement, QuestionSet> read)
    {
        try
        {
            using var stream = File.OpenRead(path);
            using var document = JsonDocument.Parse(stream);
            var set = read(document.RootElement);
            return set.Questions.Count > 0 ? set : throw new InvalidOperationException("it holds no question with an answer");
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            throw new DataException($"The file '{Path.GetFileName(path)}' has to be {what}, but its content is something else ({error.Message}); get it again from its source.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"The file '{Path.GetFileName(path)}' cannot be read: {error.GetType().Name}; check that it exists and that you may read it.", error);
        }
    }

    private sealed class DocumentIndex(IEnumerable<string> texts)
    {
        private readonly string[] documents = [.. texts.Distinct(StringComparer.Ordinal).Order(CodePointOrder.Instance)];
        private Dictionary<string, int>? numbers;

        public int Of(string document) => (numbers ??= documents.Select((text, i) => (text, i)).ToDictionary(d => d.text, d => d.i, StringComparer.Ordinal))[document];

        public QuestionSet With(IEnumerable<DocumentQuestion> questions) => new(documents, [.. questions]);
    }
}
