using LST.Core;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Training;
using LST.Evaluation.Perplexity;

namespace LST.Evaluation.Training;

/// <summary>What a request means for one model: all that its shape alone decides, before weights and texts are read.</summary>
public sealed class TrainingPlan
{
    // Chunks of development texts are those of the protocol where the model has room.
    private const int ProtocolSuffix = 512;
    private static readonly HashSet<string> OfWindows = ["network", "super-tokens", "refit", "refit-strength", "refit-queries", "hidden", "rank", "neighbours", "norm", "base", "bias", "key-space", "longest-window"];
    private readonly TrainingRequest request;
    private readonly string model;
    private readonly string? weightsSha256;
    private readonly ModelConfig config;

    /// <summary>A plan.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="model">Short name.</param>
    /// <param name="weightsSha256">Digest of the weights; null where they are not read.</param>
    /// <param name="config">Shape.</param>
    /// <exception cref="UsageException">The request means nothing, or is longer than the model's positions.</exception>
    public TrainingPlan(TrainingRequest request, string model, string? weightsSha256, ModelConfig config)
    {
        (this.request, this.model, this.weightsSha256, this.config) = (request.Checked(), model, weightsSha256, config);
        Prefix = request.Prefix ?? new PerplexitySettings().PrefixFor(config.MaxPositions);
        if (Prefix < 2) throw new UsageException($"--prefix {Prefix}: it must be at least 2, for the P - 1 ids before the first target are compressed");
        if ((long)Prefix + request.Suffix > config.MaxPositions)
            throw new UsageException($"--prefix {Prefix} and --suffix {request.Suffix} are more than the {config.MaxPositions} positions that model '{model}' was trained on; give smaller ones");
    }

    /// <summary>P.</summary>
    public int Prefix { get; }

    /// <summary>S of development chunks.</summary>
    public int DevelopmentSuffix => request.DevelopmentSuffix ?? (ProtocolSuffix <= config.MaxPositions - Prefix ? ProtocolSuffix : request.Suffix);

    /// <summary>The sidecar's options: the preset's, and for a trained <c>lst</c> the choice of tokens, unless options say otherwise.</summary>
    public SidecarConfig Sidecar()
    {
        var preset = SidecarPresets.Of(request.Preset, model, weightsSha256, config, request.Ratios);
        if (request.Preset == "lst" && Chooses) preset = preset with { Choice = TokenChoiceRule.Learned, Network = SidecarNetwork.Means, Bias = SlotBias.LogMass };
        var made = SidecarOptionText.Apply(preset, request.SidecarOptions);
        if (made.Choice == TokenChoiceRule.Learned && made.Network != SidecarNetwork.Means)
            throw new UsageException($"--sidecar-option choice=learned: tokens are chosen, no network makes super-tokens; take --preset lst and leave network out, found {request.Preset} with a network");
        if ((made.HeadSlots is not null || made.HeadRecent is not null) && request.HeadSequences != 0 && request.Preset != "paper")
            throw new UsageException("--sidecar-option head-slots, head-recent: shares of heads are measured and would take the place of these; give --head-budgets 0");
        return made;
    }

    // Whether the choice of tokens is learned: where nothing asks for windows, by an option that only they have, by their losses, or by heads that are all alike.
    private bool Chooses
    {
        get
        {
            var options = request.SidecarOptions.Select(option => option.Split('=', 2)).Select(o => (Key: o[0].Trim().ToLowerInvariant().Replace('_', '-'), Value: o[^1].Trim())).ToList();
            if (options.LastOrDefault(option => option.Key == "choice").Value is { } choice) return choice == "learned";
            return !options.Any(option => OfWindows.Contains(option.Key)) && !(request.Losses is { } losses && losses != LossSettings.Of(request.Preset)) && request.HeadSequences != 0;
        }
    }

    /// <summary>The trainer's options.</summary>
    /// <param name="steps">Number of steps.</param>
    public TrainingOptions Options(int steps) => Options(steps, Sidecar());

    private TrainingOptions Options(int steps, SidecarConfig sidecar) => new TrainingOptions
    {
        Sidecar = sidecar,
        Ratios = request.Ratios,
        Steps = steps,
        Sequences = sidecar.Choice == TokenChoiceRule.Learned && request.BatchWindows is null && request.Sequences is null ? 1 : SequencesPerStep(),
        LearningRate = request.LearningRate ?? (sidecar.Choice == TokenChoiceRule.Learned ? 5e-3 : DefaultRate(request.Preset)),
        Seed = request.Seed,
        Pool = request.Pool,
        HeadSequences = request.HeadSequences ?? (request.Preset == "paper" ? 0 : 16),
        Losses = request.Losses ?? LossSettings.Of(request.Preset),
        Calibration = request.Calibration,
        ValidateEvery = request.ValidateEvery ?? (sidecar.Choice == TokenChoiceRule.Learned ? steps : Math.Max(1, (steps + 9) / 10)),
        SaveEvery = request.SaveEvery,
        StoreBytes = request.StoreBytes,
    }.Checked();

    /// <summary>Time and memory.</summary>
    /// <param name="steps">Number of steps.</param>
    /// <param name="dtype">Type of the model.</param>
    /// <param name="rate">Multiplications and additions a second.</param>
    public TrainingForecast Forecast(int steps, TorchSharp.torch.ScalarType dtype, double rate) => TrainingForecast.Of(config, dtype, Options(steps), new ForecastData(
        Prefix - 1, request.Suffix, request.DevelopmentChunks * Math.Max(1, TrainingSetup.FoundTexts(request.DevelopmentTexts)), DevelopmentSuffix, request.RecallItems,
        (request.TokensOfText ?? 0) * TrainingSetup.FoundTexts(request.Texts)), rate);

    /// <summary>Steps that a time holds, by a forecast.</summary>
    public int StepsIn(double minutes, TorchSharp.torch.ScalarType dtype, double rate)
    {
        // What ten times as many steps take more, validations included, is the price of a step.
        var (few, many) = (Forecast(100, dtype, rate).TotalSeconds, Forecast(1000, dtype, rate).TotalSeconds);
        return (int)Math.Clamp(minutes * 60 * 900 / (many - few), 10, 1e9);
    }

    /// <summary>Default peak learning rate of a preset.</summary>
    public static double DefaultRate(string preset) => preset == "paper" ? 5e-4 : 3e-3;

    private int SequencesPerStep()
    {
        if (request.BatchWindows is not { } windows) return request.Sequences ?? 4;
        var perSequence = Math.Max(1, Ratio.One.Slots(Prefix - 1) / (int)Math.Ceiling(request.Ratios[0].Value));
        return (int)Math.Max(1, (windows + perSequence / 2L) / perSequence);
    }
}
