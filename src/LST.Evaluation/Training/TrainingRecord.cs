using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LST.Core.Training;
using LST.Evaluation.Records;

namespace LST.Evaluation.Training;

/// <summary>One finished training run.</summary>
public sealed record TrainingRecord : RunRecord
{
    /// <summary>Kind of these records.</summary>
    public const string RecordKind = "training";

    /// <summary>An empty record, to be filled.</summary>
    public TrainingRecord()
        : base(RecordKind)
    {
    }

    /// <summary>Preset of the sidecar.</summary>
    public required string Preset { get; init; }

    /// <summary>Ratios that it was trained for.</summary>
    public required IReadOnlyList<double> Ratios { get; init; }

    /// <summary>The sidecar's options.</summary>
    public required JsonObject Sidecar { get; init; }

    /// <summary>Learned numbers.</summary>
    public required long Parameters { get; init; }

    /// <summary>Digest of everything that was learned from.</summary>
    public required string Data { get; init; }

    /// <summary>Steps done.</summary>
    public required int Steps { get; init; }

    /// <summary>Time inside steps over all parts of the run, seconds.</summary>
    public required double StepSeconds { get; init; }

    /// <summary>Every validation: perplexity over dense by text, and recall.</summary>
    public required IReadOnlyList<DevelopmentPoint> Development { get; init; }

    /// <summary>Losses of the steps, at most <see cref="StepPoint.Most"/> points; null in records of builds that kept none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<StepPoint>? StepPoints { get; init; }

    /// <summary>Step whose parameters are the best file's.</summary>
    public required int BestStep { get; init; }

    /// <summary>Digest of the best step's file.</summary>
    public required string BestSha256 { get; init; }

    /// <summary>Digest of the last step's file.</summary>
    public required string FinalSha256 { get; init; }

    /// <inheritdoc/>
    public override string ReadableName() => $"{Kind}-{Model.Name}-{Preset}-{string.Join('-', Ratios)}x-seed{Seed}";

    /// <inheritdoc/>
    public override string? Contradiction() => Development.Count == 0 ? "it has no validation" : Development.All(point => point.Step != BestStep) ? "its best step was never validated" : null;
}

/// <summary>A point of the development curve.</summary>
/// <param name="Step">After which step.</param>
/// <param name="PplOverDense">By text; mean over chunks and ratios in log space.</param>
/// <param name="Recall">Share of items that are right, or null.</param>
/// <param name="IsCandidate">Whether it may be the best: not before the heads' budgets are measured.</param>
/// <param name="QueryError">Median relative error of attention's output on real queries of development text; null: not asked for.</param>
public sealed record DevelopmentPoint(
    int Step, IReadOnlyDictionary<string, double> PplOverDense, double? Recall, bool IsCandidate = true, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? QueryError = null)
{
    /// <summary>From a trainer's validation.</summary>
    public static DevelopmentPoint Of(ValidationResult result) => new(result.Step, result.LogRatioByText.ToDictionary(t => t.Key, t => Math.Exp(t.Value)), result.Recall, result.IsCandidate, result.QueryError);
}
