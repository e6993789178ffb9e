using System.Text;
using LST.Core;
using LST.Evaluation.PythonText;

namespace LST.Evaluation.Benchmarks.Scoring;

/// <summary>LongBench's scores of answers that are a number: the share of the right one among all runs of digits (benchmarks §3.6). Digits are compared as text: <c>03</c> is not <c>3</c>.</summary>
public static class NumberShare
{
    /// <summary><c>retrieval</c>: the right number stands behind <c>Paragraph </c> in the reference.</summary>
    /// <exception cref="DataException">The reference names no paragraph.</exception>
    public static double OfParagraph(string prediction, string reference) => Of(prediction, Behind("Paragraph ", reference));

    /// <summary><c>retrieval_zh</c>: the right number stands behind <c>段落</c> in the reference.</summary>
    /// <exception cref="DataException">The reference names no paragraph.</exception>
    public static double OfChineseParagraph(string prediction, string reference) => Of(prediction, Behind("段落", reference));

    /// <summary><c>count</c>: the reference is the right number; no number at all scores 0.</summary>
    /// <returns>0 to 1.</returns>
    public static double Of(string prediction, string number)
    {
        var runs = Runs(prediction);
        return runs.Count == 0 ? 0 : (double)runs.Count(run => run == number) / runs.Count;
    }

    private static string Behind(string word, string reference)
    {
        for (var at = reference.IndexOf(word, StringComparison.Ordinal); at >= 0; at = reference.IndexOf(word, at + 1, StringComparison.Ordinal))
            if (DigitsAt(reference, at + word.Length) is var length and > 0) return reference.Substring(at + word.Length, length);
        throw new DataException($"The answer '{reference}' must name a number behind '{word}', but it does not; get the task's file again.");
    }

    private static List<string> Runs(string text)
    {
        var runs = new List<string>();
        for (var i = 0; i < text.Length;)
        {
            var length = DigitsAt(text, i);
            if (length > 0) runs.Add(text.Substring(i, length));
            i += Math.Max(1, length);
        }
        return runs;
    }

    private static int DigitsAt(string text, int start)
    {
        var end = start;
        while (end < text.Length && Rune.DecodeFromUtf16(text.AsSpan(end), out var rune, out var length) == System.Buffers.OperationStatus.Done && PyText.IsDigit(rune)) end += length;
        return end - start;
    }
}
