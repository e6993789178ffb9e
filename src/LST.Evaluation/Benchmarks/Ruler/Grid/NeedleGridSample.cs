namespace LST.Evaluation.Benchmarks.Ruler.Grid;

/// <summary>A cell of the grid: a text with the needle at a depth, and the question.</summary>
/// <param name="Length">Tokens that the cell stands for; the text keeps 200 of them free.</param>
/// <param name="Depth">Percent of the text before the needle, as asked for.</param>
/// <param name="Context">The text up to the end of the book: what is compressed where the context alone is.</param>
/// <param name="Question">What follows the context.</param>
/// <param name="NeedleToken">Tokens of the book before the needle; the needle goes behind a full stop, so that this may be less than the depth says.</param>
/// <param name="BookTokens">Tokens of the book, needle included.</param>
public sealed record NeedleGridSample(int Length, int Depth, string Context, string Question, int NeedleToken, int BookTokens)
{
    /// <summary>What the model reads.</summary>
    public string Prompt => Context + Question;

    /// <summary>Name of the cell: <c>8000/33</c>, length and depth.</summary>
    public string ItemId => $"{Length}/{Depth}";
}
