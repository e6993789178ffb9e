using System.Globalization;
using LST.Cli.Terminal;
using LST.Core;
using LST.Core.Compression;
using LST.Core.Losses;
using LST.Core.Losses.Probes;
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
        var records = RunDisplay.Show(progress =>
        {
            using var loaded = LoadedModel.Open(settings.Model, dtype, "cpu", progress, cancel: cancellationToken);
            return seeds.Select(seed =>
            {
                var folder = OutputFolder(settings, loaded.Identity.Name, request, seeds.Count > 1 ? seed : null);
                var run = new TrainingRun(loaded, request with { Seed = seed }, folder) { Store = RecordStore.OfProject() };
                return (run.Run(CommandText.Of(CommandLine.Given), progress, cancellationToken), folder);
            }).ToList();
        });
        foreach (var ((result, record), folder) in records)
        {
            var best = record.Development.First(point => point.Step == record.BestStep);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"seed {record.Seed}: best step {record.BestStep} of {record.Steps}, perplexity over dense {string.Join(", ", best.PplOverDense.Select(t => $"{t.Key} {t.Value:0.0000}"))}; {record.Parameters:N0} parameters, {record.StepSeconds / 60:0.0} minutes of steps, peak memory {MemoryEstimate.Text(record.PeakMemoryBytes)}"));
            Console.WriteLine($"wrote {Path.Combine(folder, "final.safetensors")} and best.safetensors beside it; record {record.Id}");
        }
        if (settings.Json is { } file) AtomicFile.Write(file, System.Text.Json.JsonSerializer.Serialize(records.Select(r => r.Item1.Record), RecordJson.Options));
        return 0;
    }

    private static string OutputFolder(TrainSettings settings, string model, TrainingRequest request, int? seed)
    {
        var folder = settings.OutputDir ?? Path.Combine(ProjectFolders.Work ?? "out", "training", $"{model}-{request.Preset}-{string.Join('-', request.Ratios.Select(r => r.ToString().Replace('/', '_')))}x");
        return seed is null ? folder : Path.Combine(folder, $"seed-{seed}");
    }

    private static TrainingRequest Request(TrainSettings settings) => new()
    {
        Preset = SidecarPresets.Names.Contains(settings.Preset.ToLowerInvariant()) ? settings.Preset.ToLowerInvariant()
            : throw new UsageException($"--preset '{settings.Preset}' is unknown; known: {string.Join(", ", SidecarPresets.Names)}"),
        Ratios = [.. settings.WindowSize.Split(',').Select(Ratio.Parse).Distinct().Order()],
        SidecarOptions = [.. (settings.SidecarOption ?? []).SelectMany(text => text.Split(':', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))],
        Texts = Names(settings.Texts),
        DevelopmentTexts = Names(settings.Dev),
        DevelopmentChunks = Numbers.Whole("--dev-chunks", settings.DevChunks, 1),
        RecallItems = Numbers.Whole("--dev-recall", settings.DevRecall, 0),
        Prefix = Numbers.Positive("--prefix", settings.Prefix),
        Suffix = Numbers.Whole("--suffix", settings.Suffix, 1),
        Steps = Numbers.Positive("--max-steps", settings.MaxSteps),
        Minutes = settings.Minutes is null ? null : Numbers.Real("--minutes", settings.Minutes),
        BatchWindows = Numbers.Positive("--batch-size", settings.BatchSize),
        LearningRate = settings.LearningRate is null ? null : Numbers.Real("--learning-rate", settings.LearningRate),
        HeadSequences = settings.HeadBudgets is null ? null : Numbers.Whole("--head-budgets", settings.HeadBudgets, 0),
        Pool = Numbers.Whole("--pool", settings.Pool, 1),
        TokensOfText = Numbers.Positive("--tokens-of-text", settings.TokensOfText),
        Kinds = Kinds(settings.Kinds),
        Losses = Losses(settings),
        ValidateEvery = Numbers.Positive("--validate-every", settings.ValidateEvery),
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
