using System.Text;
using LST.Evaluation.PythonText;

namespace LST.Evaluation.Benchmarks.Scoring;

/// <summary>Clean forms of answers, as LongBench compares them (benchmarks §3.6).</summary>
public static class AnswerText
{
    private const string ChinesePunctuation = "！？｡。＂＃＄％＆＇（）＊＋，－／：；＜＝＞＠［＼］＾＿｀｛｜｝～｟｠｢｣､、〃》「」『』【】〔〕〖〗〘〙〚〛〜〝〞〟〰〾〿–—‘’‛“”„‟…‧﹏.";

    /// <summary>
    /// <c>normalize_answer</c>: lower case; the 32 punctuation characters of ASCII deleted, nothing in their place; the words <c>a</c>, <c>an</c>, <c>the</c> become spaces; runs of white
    /// space single ones, none at the ends. In this order, so that <c>A. The x</c> is <c>x</c>.
    /// </summary>
    public static string Normalize(string text) => string.Join(' ', PyText.Split(WithoutArticles(Without(PyText.Lower(text), PyText.Punctuation))));

    /// <summary><c>normalize_zh_answer</c>: lower case; punctuation of ASCII and Chinese and all white space deleted. 〈, 〉 and 《 stay, as in the reference.</summary>
    public static string NormalizeChinese(string text) => string.Concat(PyText.Split(Without(PyText.Lower(text), PyText.Punctuation + ChinesePunctuation)));

    // All of them lie in the basic plane.
    private static string Without(string text, string characters) => string.Concat(text.Where(c => !characters.Contains(c)));

    // re.sub(r"\b(a|an|the)\b", " ", text): the letters are word characters, so that only whole runs of word characters can match.
    private static string WithoutArticles(string text)
    {
        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length;)
        {
            var end = i;
            while (end < text.Length && Rune.DecodeFromUtf16(text.AsSpan(end), out var rune, out var length) == System.Buffers.OperationStatus.Done && PyText.IsWord(rune)) end += length;
            if (end == i) result.Append(text[i++]);
            else
            {
                var word = text.AsSpan(i, end - i);
                if (word is "a" or "an" or "the") result.Append(' ');
                else result.Append(word);
                i = end;
            }
        }
        return result.ToString();
    }
}
