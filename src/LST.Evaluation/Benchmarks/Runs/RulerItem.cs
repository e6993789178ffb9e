using LST.Evaluation.Benchmarks.Ruler;

namespace LST.Evaluation.Benchmarks.Runs;

/// <summary>What a model is asked under a task of RULER, made here or read from a file.</summary>
/// <param name="ItemId">Name, unique within the task.</param>
/// <param name="Prompt">The text in its three parts.</param>
/// <param name="Outputs">What the answer has to hold.</param>
public sealed record RulerItem(string ItemId, RulerPrompt Prompt, IReadOnlyList<string> Outputs)
{
    /// <summary>Most tokens of prompt and answer that were asked for; null: the file does not say.</summary>
    public int? Length { get; init; }

    /// <summary>Most tokens of the answer; null: the task's own number.</summary>
    public int? NewTokens { get; init; }

    /// <summary>How far its generator departs from RULER's.</summary>
    public RulerVariant Variant { get; init; }

    /// <summary>Number of the sample among those of its length and variant, or of the line in its file.</summary>
    public required int Place { get; init; }

    /// <summary>Percent of the prompt's tokens before the one needle; null: there are several, or it is no needle task.</summary>
    public double? Depth { get; init; }

    /// <summary>A sample that was made here.</summary>
    public static RulerItem Of(RulerSample sample) => new(sample.ItemId, sample.Split(), sample.Outputs) { Length = sample.Settings.MaxLength, Variant = sample.Settings.Variant, Place = sample.Index, Depth = DepthOf(sample) };

    private static double? DepthOf(RulerSample sample) =>
        sample is { AnswerToken: { } before, Settings.Task.Needles: { KeyCount: 1, ValuesPerKey: 1 } } ? Math.Round(100.0 * before / (sample.Length - sample.Settings.Task.NewTokens), 1) : null;

    /// <summary>A sample of a file.</summary>
    /// <param name="item">The sample.</param>
    /// <param name="place">Number of its line among those of the task, its length and its variant.</param>
    public static RulerItem Of(RulerFileItem item, int place) => new(item.ItemId, item.Prompt, item.Outputs) { Place = place, Length = item.Length, Variant = item.Variant, NewTokens = item.NewTokens };
}
