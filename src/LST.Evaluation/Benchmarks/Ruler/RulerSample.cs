namespace LST.Evaluation.Benchmarks.Ruler;

/// <summary>A sample of RULER. The model reads <see cref="Input"/> and <see cref="AnswerPrefix"/> as one text and goes on from there.</summary>
public sealed record RulerSample
{
    /// <summary>What it was made from.</summary>
    public required RulerSettings Settings { get; init; }

    /// <summary>Its number, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>Haystack size that the search found: words (essay), sentences or lines (noise, needle, vt), words (cwe), documents (qa); null for fwe.</summary>
    public required int? Size { get; init; }

    /// <summary>The text before the answer prefix, the head and tail of the model's wrap included.</summary>
    public required string Input { get; init; }

    /// <summary>The beginning of the answer; it begins with a space.</summary>
    public required string AnswerPrefix { get; init; }

    /// <summary>What the answer has to hold.</summary>
    public required IReadOnlyList<string> Outputs { get; init; }

    /// <summary>Tokens of input and answer prefix, without BOS, and the reserve for the answer; at most the settings' length.</summary>
    public required int Length { get; init; }

    /// <summary>Code points of the input before the first answer (RULER's field <c>index</c>); needle tasks only.</summary>
    public int? AnswerOffset { get; init; }

    /// <summary>Tokens of the input before the first answer; needle tasks only.</summary>
    public int? AnswerToken { get; init; }

    /// <summary>Name within the task, unique over lengths and variants: <c>4096/reference/17</c>.</summary>
    public string ItemId => $"{Settings.MaxLength}/{Settings.Variant.Name()}/{Index}";

    /// <summary>What the model reads.</summary>
    public string Text => Input + AnswerPrefix;

    /// <summary>The text in the three parts that compression of the context needs.</summary>
    public RulerPrompt Split() => RulerPrompt.Of(Settings.Task.Kind, Text);
}
