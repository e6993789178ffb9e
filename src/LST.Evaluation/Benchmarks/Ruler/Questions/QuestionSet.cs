namespace LST.Evaluation.Benchmarks.Ruler.Questions;

/// <summary>A question over documents.</summary>
/// <param name="Text">The question.</param>
/// <param name="Answers">Its accepted answers, as the data set lists them.</param>
/// <param name="Own">Indices of the documents that belong to it.</param>
/// <param name="More">Indices of other documents of the same article, one for each of its paragraphs.</param>
public sealed record DocumentQuestion(string Text, IReadOnlyList<string> Answers, IReadOnlyList<int> Own, IReadOnlyList<int> More);

/// <summary>Questions and the documents among which their own are hidden.</summary>
/// <param name="Documents">All documents in the order of their code points, each once.</param>
/// <param name="Questions">The questions in the order of the file.</param>
public sealed record QuestionSet(IReadOnlyList<string> Documents, IReadOnlyList<DocumentQuestion> Questions);
