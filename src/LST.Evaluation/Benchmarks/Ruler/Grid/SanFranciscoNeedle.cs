using LST.Evaluation.PythonText;

namespace LST.Evaluation.Benchmarks.Ruler.Grid;

/// <summary>The needle of the pressure test (Kamradt 2023, LLMTest_NeedleInAHaystack), its prompt, and the string match of its answer.</summary>
public static class SanFranciscoNeedle
{
    /// <summary>New tokens of an answer; a line feed ends it too.</summary>
    public const int NewTokens = 30;

    /// <summary>The needle with the line feeds around it.</summary>
    public const string Text = "\nThe best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a sunny day.\n";

    /// <summary>The question.</summary>
    public const string Question = "The best thing to do in San Francisco is: ";

    private static readonly string[] Wanted = ["sandwich", "dolores park"];

    /// <summary>What a perfect answer says.</summary>
    public static string Answer => "eat a sandwich and sit in Dolores Park on a sunny day.";

    /// <summary>1 if a response holds both <c>sandwich</c> and <c>dolores park</c>, else 0; case does not matter.</summary>
    public static double Score(string response)
    {
        var text = PyText.Lower(response);
        return Wanted.All(word => text.Contains(word, StringComparison.Ordinal)) ? 1 : 0;
    }

    /// <summary>The prompt's part up to the end of the book.</summary>
    internal static string Book(string text) => $"<|im_start|> This is a very long story book: <book> {text} </book>.\n";

    /// <summary>The prompt's part behind the book.</summary>
    internal static string Asked => $" Based on the content of the book, Question: {Question}\nAnswer:";
}
