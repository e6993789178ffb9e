namespace LST.Core.Training.Data.Kinds;

/// <summary>
/// A template of the recall examination's development half (conventions §3). Templates E to H belong to its test half: they are not here and must never be.
/// </summary>
/// <param name="Letter">A, B, C or D.</param>
/// <param name="StatementForm">Statement, with <c>{k}</c> and <c>{v}</c>.</param>
/// <param name="QuestionForm">Question, with <c>{k}</c>.</param>
/// <param name="Value">Draws a value.</param>
internal sealed record RecallTemplate(char Letter, string StatementForm, string QuestionForm, Func<SplittableRandom, string> Value)
{
    /// <summary>The four templates.</summary>
    public static IReadOnlyList<RecallTemplate> All { get; } =
    [
        new('A', "The access code of the {k} archive is {v}.",
            "\nQuestion: What is the access code of the {k} archive?\nAnswer: The access code of the {k} archive is ", GeneratedWords.Number),
        new('B', "Remember: {k} = {v}.", "\nRecall the value that was given. {k} = ", GeneratedWords.Number),
        new('C', "Shipment {k} weighs {v} kilograms.", "\nHow much does shipment {k} weigh? Shipment {k} weighs ", GeneratedWords.Number),
        new('D', "The favourite colour of the {k} team is {v}.", "\nWhat is the favourite colour of the {k} team? It is ", random => random.Choose(WordLists.Nouns)),
    ];

    /// <summary>The sentence that states a fact.</summary>
    public string Statement(string key, string value) => StatementForm.Replace("{k}", key, StringComparison.Ordinal).Replace("{v}", value, StringComparison.Ordinal);

    /// <summary>The question about a key, up to where the answer begins.</summary>
    public string Question(string key) => QuestionForm.Replace("{k}", key, StringComparison.Ordinal);
}
