using System.Text;

namespace LST.Evaluation.Benchmarks.Ruler;

/// <summary>The fixed texts of the tasks, and the filling of their places.</summary>
internal static class RulerTexts
{
    /// <summary>The sentence of the noise haystack.</summary>
    public const string Noise = "The grass is green. The sky is blue. The sun is yellow. Here we go. There and back again.";

    /// <summary>The text of one needle; <paramref name="type"/> in the plural.</summary>
    public static string Needle(string type, string key, string value) => $"One of the special magic {type} for {key} is: {value}.";

    /// <summary>The task's template, with places in braces.</summary>
    public static string Task(RulerKind kind) => kind switch
    {
        RulerKind.Needle => "Some special magic {type_needle_v} are hidden within the following text. Make sure to memorize it. I will quiz you about the {type_needle_v} afterwards.\n" +
            "{context}\nWhat are all the special magic {type_needle_v} for {query} mentioned in the provided text?",
        RulerKind.VariableTracking => "Memorize and track the chain(s) of variable assignment hidden in the following text.\n\n" +
            "{context}\nQuestion: Find all variables that are assigned the value {query} in the text above.",
        RulerKind.CommonWords => "Below is a numbered list of words. In these words, some appear more often than others. Memorize the ones that appear most often.\n" +
            "{context}\nQuestion: What are the 10 most common words in the above list?",
        RulerKind.FrequentWords => "Read the following coded text and track the frequency of each coded word. Find the three most frequently appeared coded words. " +
            "{context}\nQuestion: Do not provide any explanation. Please ignore the dots '....'. What are the three most frequently appeared words in the above coded text?",
        RulerKind.QuestionAnswering => "Answer the question based on the given documents. Only give me the answer and do not output any other words.\n\n" +
            "The following are given documents.\n\n{context}\n\n" +
            "Answer the question based on the given documents. Only give me the answer and do not output any other words.\n\nQuestion: {query}",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>The beginning of the answer, with places in braces.</summary>
    public static string AnswerPrefix(RulerKind kind) => kind switch
    {
        RulerKind.Needle => " The special magic {type_needle_v} for {query} mentioned in the provided text are",
        RulerKind.VariableTracking => " Answer: According to the chain(s) of variable assignment in the text above, {num_v} variables are assigned the value {query}, they are: ",
        RulerKind.CommonWords => " Answer: The top 10 words that appear most often in the list are:",
        RulerKind.FrequentWords => " Answer: According to the coded text above, the three most frequently appeared words are:",
        RulerKind.QuestionAnswering => " Answer:",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>Task in the model's wrap, then the answer prefix; places are not filled.</summary>
    public static string Full(RulerKind kind, RulerTemplate template) => template.Wrap(Task(kind)) + AnswerPrefix(kind);

    /// <summary>The needle template for one answer: edited as a whole, the wrap too, and before it is filled.</summary>
    public static string ForOneAnswer(string template) =>
        template.Replace("Some", "A", StringComparison.Ordinal).Replace("are all", "is", StringComparison.Ordinal).Replace("are", "is", StringComparison.Ordinal)
            .Replace("answers", "answer", StringComparison.Ordinal);

    /// <summary>Fills places; what is filled in is not searched again, and other braces stay.</summary>
    public static string Fill(string template, params ReadOnlySpan<(string Place, string Text)> places)
    {
        var text = new StringBuilder(template.Length);
        for (var i = 0; i < template.Length;)
        {
            var filled = false;
            if (template[i] == '{')
            {
                foreach (var (place, value) in places)
                {
                    if (string.CompareOrdinal(template, i + 1, place, 0, place.Length) != 0 || i + 1 + place.Length >= template.Length || template[i + 1 + place.Length] != '}') continue;
                    text.Append(value);
                    i += place.Length + 2;
                    filled = true;
                    break;
                }
            }
            if (!filled) text.Append(template[i++]);
        }
        return text.ToString();
    }

    /// <summary>Where the answer prefix of a filled text begins: the last place of the prefix's first ten characters.</summary>
    public static int AnswerStart(RulerKind kind, string text)
    {
        var prefix = AnswerPrefix(kind);
        return text.LastIndexOf(prefix[..Math.Min(10, prefix.Length)], StringComparison.Ordinal);
    }
}
