using System.Globalization;
using LST.Cli.Terminal;
using LST.Core;
using LST.Core.Compression;
using LST.Core.Losses;
using LST.Core.Losses.Probes;
using LST.Core.Models.Checkpoints;
using LST.Core.Sidecar;
using LST.Core.Training;
using LST.Core.Training.Data;
using LST.Evaluation;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Records;
using LST.Evaluation.Training;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary><c>./lst train</c>.</summary>
public sealed class TrainCommand : Command<TrainSettings>
{
    /// <inheritdoc/>
    public override int Execute(CommandContext context, TrainSettings settings, CancellationToken cancellationToken)
    {
        var dtype = PerplexitySettings.ParseDtype(settings.Dtype);
        if (Numbers.Threads("--threads", settings.Threads) is { } threads) TorchSharp.torch.set_num_threads(threads);
        var seeds = settings.Seeds.Split(',').Select(seed => Numbers.Whole("--seeds", seed.Trim(), 0)).ToList();
        var request = Request(settings).Checked();
        if (settings.Json is { } place) AtomicFile.RequirePlace(place);
        if (settings.Layers is not null && settings.Shape is null) throw new UsageException("--layers goes with --shape: the number of layers of a model that is read is the model's own");
        var shape = settings.Shape is null ? null : Shape(settings.Shape, Numbers.Positive("--layers", settings.Layers));
        if (settings.DryRun)
        {
            using var file = shape ?? ModelFiles.Open(settings.Model);
            Forecast(request, file, dtype, Console.WriteLine);
            return 0;
        }
        TrainingSetup.CheckTexts(request);
        long predicted = 0;
        var records = RunDisplay.Show(progress =>
        {
            void Check(IModelFile file) => predicted = Forecast(request, file, dtype, null);
            using var loaded = shape is null ? LoadedModel.Open(settings.Model, dtype, "cpu", progress, Check, cancellationToken) : LoadedModel.OpenShape(shape, dtype, progress, Check, cancellationToken);
            return seeds.Select(seed =>
            {
                var folder = OutputFolder(settings, loaded.Identity.Name, request, seeds.Count > 1 ? seed : null);
                var run = new TrainingRun(loaded, request with { Seed = seed }, folder) { Store = shape is null ? RecordStore.OfProject() : null };
                return (run.Run(CommandText.Of(CommandLine.Given), progress, cancellationToken), folder);
            }).ToList();
        });
        foreach (var ((result, record), folder) in records) Report(record, folder, predicted, shape is null);
        if (settings.Json is { } json) AtomicFile.Write(json, System.Text.Json.JsonSerializer.Serialize(records.Select(r => r.Item1.Record), RecordJson.Options));
        return 0;
    }

    private static void Report(TrainingRecord record, string folder, long predicted, bool isStored)
    {
        var best = record.Development.First(point => point.Step == record.BestStep);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"seed {record.Seed}: best step {record.BestStep} of {record.Steps}, perplexity over dense {string.Join(", ", best.PplOverDense.Select(t => $"{t.Key} {t.Value:0.0000}"))}; {record.Parameters:N0} parameters, {record.StepSeconds / 60:0.0} minutes of steps, peak memory {MemoryEstimate.Text(record.PeakMemoryBytes)} (predicted {MemoryEstimate.Text(predicted)})"));
        Console.WriteLine($"wrote {Path.Combine(folder, "final.safetensors")} and best.safetensors beside it{(isStored ? $"; record {record.Id}" : "")}");
    }

    private static ShapedModel Shape(string name, int? layers)
    {
        var (known, config) = ModelShapes.Of(name, layers);
        return new ShapedModel(known, config);
    }

    // Predicted peak in bytes; what cannot fit is refused.
    private static long Forecast(TrainingRequest request, IModelFile file, TorchSharp.torch.ScalarType dtype, Action<string>? print)
    {
        var plan = new TrainingPlan(request, file.ShortName, null, file.Config);
        // Without the table the time is not asked for.
        var rate = print is null ? 1e11 : ProductRate.Measure(file.Config, dtype);
        var steps = request.Steps ?? plan.StepsIn(request.Minutes ?? TrainingRun.DefaultMinutes, dtype, rate);
        var forecast = plan.Forecast(steps, dtype, rate);
        if (print is not null)
            ForecastTable.Write($"{file.ShortName} · {request.Preset} · {string.Join(',', request.Ratios)}:1, {PerplexityNames.Dtype(dtype)}, P = {plan.Prefix}, S = {request.Suffix}", forecast, plan.Options(steps), rate);
        MemoryEstimate.Require($"training on '{file.ShortName}'", forecast.PeakBytes, "take a smaller --prefix, --suffix or --store-mb, --dtype bfloat16, or a smaller model");
        return forecast.PeakBytes;
    }

    private static string OutputFolder(TrainSettings settings, string model, TrainingRequest request, int? seed)
    {
        var folder = settings.OutputDir ?? Path.Combine(ProjectFolders.Work ?? "out", "training", $"{model}-{request.Preset}-{string.Join('-', request.Ratios.Select(r => r.ToString().Replace('/', '_')))}x");
        return seed is null ? folder : Path.Combine(folder, $"seed-{seed}");
    }

    private static TrainingRequest Request(TrainSettings settings) => Request(settings, settings.Shape is not null, Numbers.Positive("--suffix", settings.Suffix) ?? (settings.Shape is null ? 256 : 128));

    // Random weights learn nothing: their runs are short and are looked at twice.
    private static TrainingRequest Request(TrainSettings settings, bool isShape, int suffix) => new()
    {
        Preset = SidecarPresets.Names.Contains(settings.Preset.ToLowerInvariant()) ? settings.Preset.ToLowerInvariant()
            : throw new UsageException($"--preset '{settings.Preset}' is unknown; known: {string.Join(", ", SidecarPresets.Names)}"),
        Ratios = [.. settings.WindowSize.Split(',').Select(Ratio.Parse).Distinct().Order()],
        SidecarOptions = [.. (settings.SidecarOption ?? []).SelectMany(text => text.Split(':', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))],
        Texts = Names(settings.Texts),
        DevelopmentTexts = Names(settings.Dev),
        DevelopmentChunks = Numbers.Positive("--dev-chunks", settings.DevChunks) ?? (isShape ? 1 : 4),
        DevelopmentSuffix = isShape ? suffix : null,
        RecallItems = settings.DevRecall is null ? isShape ? 0 : 24 : Numbers.Whole("--dev-recall", settings.DevRecall, 0),
        QueryPrompts = settings.DevQueries is null ? 0 : Numbers.Whole("--dev-queries", settings.DevQueries, 0),
        Prefix = Numbers.Positive("--prefix", settings.Prefix) ?? (isShape ? 512 : null),
        Suffix = suffix,
        Sequences = isShape ? 1 : null,
        Calibration = isShape ? 2 : 16,
        Steps = Numbers.Positive("--max-steps", settings.MaxSteps),
        Minutes = settings.Minutes is null ? null : Numbers.Real("--minutes", settings.Minutes),
        BatchWindows = Numbers.Positive("--batch-size", settings.BatchSize),
        LearningRate = settings.LearningRate is null ? null : Numbers.Real("--learning-rate", settings.LearningRate),
        HeadSequences = settings.HeadBudgets is null ? isShape ? 0 : null : Numbers.Whole("--head-budgets", settings.HeadBudgets, 0),
        Pool = Numbers.Whole("--pool", settings.Pool, 1),
        TokensOfText = Numbers.Positive("--tokens-of-text", settings.TokensOfText),
        Kinds = Kinds(settings.Kinds),
        Losses = Losses(settings),
        ValidateEvery = Numbers.Positive("--validate-every", settings.ValidateEvery) ?? (isShape ? int.MaxValue : null),
        SaveEvery = Numbers.Whole("--save-every", settings.SaveEvery, 1),
        StoreBytes = (long)Numbers.Whole("--store-mb", settings.StoreMegabytes, 1) << 20,
    };

    private static LossSettings Losses(TrainSettings settings)
    {
        var preset = LossSettings.Of(settings.Preset.ToLowerInvariant());
        double Weight(string flag, string? text, double otherwise) => text is null ? otherwise : Numbers.Real(flag, text);
        return (preset with
        {
            CrossEntropy = Weight("--lambda-lm", settings.LambdaLm, preset.CrossEntropy),
            Divergence = Weight("--lambda-kl", settings.LambdaKl, preset.Divergence),
            Alignment = Weight("--lambda-qpaa", settings.LambdaQpaa, preset.Alignment),
            Diversity = Weight("--lambda-div", settings.LambdaDiv, preset.Diversity),
            Probes = settings.Probes is null ? preset.Probes : ProbeSources.Parse(settings.Probes).Name,
            ProbeCount = Numbers.Positive("--probe-count", settings.ProbeCount) ?? preset.ProbeCount,
            AlignmentForm = settings.QpaaForm?.ToLowerInvariant() switch
            {
                null => preset.AlignmentForm,
                "full-cache" => AlignmentForm.FullCache,
                "per-window" => AlignmentForm.PerWindow,
                var other => throw new UsageException($"--qpaa-form '{other}' is unknown; known: full-cache, per-window"),
            },
            AlignmentSettings = preset.AlignmentSettings with { LogSumExpWeight = Weight("--qpaa-lse", settings.QpaaLse, preset.AlignmentSettings.LogSumExpWeight) },
            DiversitySettings = preset.DiversitySettings with
            {
                Kind = settings.Diversity?.ToLowerInvariant() switch
                {
                    null or "cosine" => DiversityKind.Cosine,
                    "log-determinant" => DiversityKind.LogDeterminant,
                    "variance-floor" => DiversityKind.VarianceFloor,
                    var other => throw new UsageException($"--diversity '{other}' is unknown; known: cosine, log-determinant, variance-floor"),
                },
            },
        }).Checked();
    }

    private static KindWeights Kinds(string text)
    {
        var weights = new Dictionary<string, double>();
        foreach (var part in Names(text))
        {
            var pair = part.Split('=');
            if (pair.Length != 2 || !SequenceKinds.All.Contains(pair[0])) throw new UsageException($"--kinds '{text}': expected {string.Join(",", SequenceKinds.All.Select(kind => kind + "=WEIGHT"))}");
            weights[pair[0]] = Numbers.Real("--kinds", pair[1]);
        }
        double Of(string kind) => weights.GetValueOrDefault(kind);
        return new KindWeights(Of(SequenceKinds.Text), Of(SequenceKinds.Repeat), Of(SequenceKinds.Recall), Of(SequenceKinds.Ruler));
    }

    private static string[] Names(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
