using LST.Evaluation.PythonText;

namespace LST.Evaluation.Benchmarks.Scoring;

/// <summary>What measures the likeness of two lines inside of <c>fuzzywuzzy</c>; it depends on what else is installed there, so that a record names it.</summary>
public enum CodeBackend
{
    /// <summary>Python's <c>difflib</c>, what LongBench's requirements install: matching blocks, with characters that are frequent in long lines passed over.</summary>
    Difflib,

    /// <summary><c>python-Levenshtein</c>: the longest common subsequence.</summary>
    Levenshtein,
}

/// <summary>LongBench's score of a line of code: <c>fuzz.ratio</c> of <c>fuzzywuzzy</c> 0.18.0 over 100 (benchmarks §3.6).</summary>
public static class CodeSimilarity
{
    /// <summary>Likeness of the prediction's first line without <c>`</c>, <c>#</c> and <c>//</c> (none: the empty line) to the reference.</summary>
    /// <returns>0 to 1 in steps of 0.01.</returns>
    public static double Of(string prediction, string reference, CodeBackend backend = CodeBackend.Difflib) => Ratio(FirstCodeLine(prediction), reference, backend) / 100.0;

    /// <summary>The line of the prediction that counts.</summary>
    public static string FirstCodeLine(string prediction) =>
        prediction.TrimStart('\n').Split('\n').FirstOrDefault(line => !line.Contains('`') && !line.Contains('#') && !line.Contains("//", StringComparison.Ordinal)) ?? "";

    /// <summary><c>fuzz.ratio</c>: 100 for equal texts, 0 where one is empty, else 100 · 2 · matches / (|a| + |b|) rounded half to even.</summary>
    public static int Ratio(string left, string right, CodeBackend backend)
    {
        if (left == right) return 100;
        if (left.Length == 0 || right.Length == 0) return 0;
        var (a, b) = (PyText.CodePoints(left), PyText.CodePoints(right));
        var matches = backend == CodeBackend.Difflib ? MatchingBlocks.Length(a, b) : CommonSubsequence.Length(a, b);
        return (int)Math.Round(100 * (2.0 * matches / (a.Length + b.Length)), MidpointRounding.ToEven);
    }
}
