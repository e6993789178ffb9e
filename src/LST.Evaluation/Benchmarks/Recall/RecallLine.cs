namespace LST.Evaluation.Benchmarks.Recall;

/// <summary>An item of the recall examination, a line of its files (conventions §3): context, question and answer follow each other without anything between.</summary>
/// <param name="Id">Name of the item, unique in its file.</param>
/// <param name="Template">Letter of its template: A to D in the development half, E to H in the test half.</param>
/// <param name="Kind">What the answer is: <c>number</c> or <c>word</c>.</param>
/// <param name="Keys">Facts in the context.</param>
/// <param name="TargetTokens">About how many tokens the context has.</param>
/// <param name="Context">Sentences and statements.</param>
/// <param name="Question">The question, up to where the answer begins.</param>
/// <param name="Answer">The answer.</param>
public sealed record RecallLine(string Id, string Template, string Kind, int Keys, int TargetTokens, string Context, string Question, string Answer)
{
    /// <summary>All of it.</summary>
    public string Text => Context + Question + Answer;
}
