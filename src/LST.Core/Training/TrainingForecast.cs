using LST.Core.Models;
using LST.Core.Sidecar;
using static TorchSharp.torch;

namespace LST.Core.Training;

/// <summary>What a run reads, as far as time and memory depend on it. Lengths are tokens.</summary>
/// <param name="Prefix">T.</param>
/// <param name="Suffix">S.</param>
/// <param name="DevelopmentChunks">Chunks over all development texts.</param>
/// <param name="DevelopmentSuffix">Their S; their T is the training's.</param>
/// <param name="RecallItems">Items of the recall examination.</param>
/// <param name="TextTokens">Most tokens of all training texts.</param>
public sealed record ForecastData(int Prefix, int Suffix, int DevelopmentChunks, int DevelopmentSuffix, int RecallItems, long TextTokens);

/// <summary>One part of the memory.</summary>
/// <param name="Name">In words.</param>
/// <param name="Bytes">At its largest.</param>
public sealed record ForecastPart(string Name, long Bytes);

/// <summary>
/// Time and memory of a run, from shapes alone: nothing is allocated and no weight is read. Memory counts what lives at the same time; time is the number of
/// multiplications over a measured rate, and a share for all that is not a matrix product.
/// </summary>
public sealed record TrainingForecast
{
    /// <summary>Parts of the peak, in the order of the report.</summary>
    public required IReadOnlyList<ForecastPart> Parts { get; init; }

    /// <summary>Sum of the parts, bytes.</summary>
    public long PeakBytes => Parts.Sum(part => part.Bytes);

    /// <summary>Learned numbers.</summary>
    public required long Parameters { get; init; }

    /// <summary>Windows of one layer of one sequence, over its heads.</summary>
    public required long Windows { get; init; }

    /// <summary>Multiplications and additions of a dense pass over one sequence.</summary>
    public required double DenseWork { get; init; }

    /// <summary>Those of a step behind its dense passes.</summary>
    public required double StepWork { get; init; }

    /// <summary>Seconds of a step whose sequences are all new.</summary>
    public required double StepSeconds { get; init; }

    /// <summary>Seconds of the whole run: calibration, steps, validations.</summary>
    public required double TotalSeconds { get; init; }

    /// <summary>A forecast.</summary>
    /// <param name="model">Shape of the frozen model.</param>
    /// <param name="dtype">Its type.</param>
    /// <param name="options">The run.</param>
    /// <param name="data">What it reads.</param>
    /// <param name="rate">Multiplications and additions a second (<see cref="ProductRate"/>).</param>
    public static TrainingForecast Of(ModelConfig model, ScalarType dtype, TrainingOptions options, ForecastData data, double rate)
    {
        var shape = new ForecastShape(model, dtype, options, data);
        var work = new ForecastWork(shape);
        var step = options.Sequences * work.Sequence();
        var held = Math.Min(options.Pool, shape.SequencesHeld);
        var trained = (double)options.Steps * options.Sequences;
        // The first epoch prepares every sequence; later ones those that the store could not hold.
        var first = Math.Min(trained, options.Pool);
        var passes = first + (trained - first) * (1 - (double)held / options.Pool) + Math.Min(options.Calibration, options.Pool);
        // Budgets of heads are tried one after another behind each dense pass.
        passes += 2 * Math.Min(options.HeadSequences, options.Pool);
        var onTheWay = options.Sidecar.Choice != TokenChoiceRule.Learned || options.ValidateEvery < options.Steps;
        var validations = (onTheWay ? 1 : 0) + Math.Ceiling((double)options.Steps / options.ValidateEvery);
        var total = passes * work.Dense(data.Suffix) + options.Steps * step
            + data.DevelopmentChunks * work.Dense(data.DevelopmentSuffix) + validations * options.Ratios.Count * (data.DevelopmentChunks + 0.3 * data.RecallItems) * work.Validated(data.DevelopmentSuffix);
        // What is no matrix product (norms, softmax, gathering) grows with the width, products with its square.
        var overhead = 1.1 + 100.0 / model.HiddenSize;
        return new TrainingForecast
        {
            Parts = new ForecastMemory(shape).Parts(), Parameters = SidecarModule.CountParameters(options.Sidecar), Windows = shape.Windows,
            DenseWork = work.Dense(data.Suffix), StepWork = step,
            StepSeconds = overhead * (options.Sequences * work.Dense(data.Suffix) + step) / rate, TotalSeconds = overhead * total / rate,
        };
    }
}
