using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LST.Core.Training;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Records;
using static TorchSharp.torch;

namespace LST.Evaluation.Training;

/// <summary>One run of <c>./lst train</c>: a trainer with progress and a record.</summary>
public sealed class TrainingRun(LoadedModel loaded, TrainingRequest request, string outputFolder)
{
    /// <summary>Wall time of a run that names neither steps nor minutes.</summary>
    public const double DefaultMinutes = 20;

    /// <summary>Where records go; null: none is written.</summary>
    public RecordStore? Store { get; init; }

    /// <summary>Trains to the end, or goes on where an earlier run was stopped.</summary>
    public (TrainingResult Result, TrainingRecord Record) Run(string command, IRunProgress progress, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        var setup = new TrainingSetup(request, loaded);
        var data = setup.Data(progress, cancel);
        // What reading and tokenising texts left behind would be counted, and held, for the whole run.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        var plan = setup.Plan;
        var steps = request.Steps ?? StepsFor(request.Minutes ?? DefaultMinutes, plan, data, progress, cancel);
        var options = plan.Options(steps);
        if (request.Preset == "lst" && options.Sidecar.Choice != Core.Sidecar.TokenChoiceRule.Learned) progress.Note("training windows that become super-tokens; the choice of tokens, which preset lst learns otherwise, plays no part");
        using var queries = HeldOutQueries.Of(loaded, data.Development, request, cancel);
        var trainer = new Trainer(loaded.Model, options, data, outputFolder) { QueryError = queries is null ? null : queries.Error };
        var result = trainer.Run(new Observer(progress, $"{loaded.Identity.Name} · {request.Preset} · {string.Join(',', request.Ratios)}:1"), cancel);
        var record = Record(command, plan, options, data, result, clock.Elapsed);
        if (Store is not null) record = Store.Write(record);
        return (result, record);
    }

    // A time becomes a number of steps once, which is kept beside the checkpoints: a resumed run must not measure again.
    private int StepsFor(double minutes, TrainingPlan plan, TrainingData data, IRunProgress progress, CancellationToken cancel)
    {
        var file = Path.Combine(outputFolder, "steps.json");
        var key = minutes.ToString("R", CultureInfo.InvariantCulture);
        if (File.Exists(file) && JsonNode.Parse(File.ReadAllText(file))?[key]?.GetValue<int>() is { } known) return known;
        progress.Note($"measuring how many steps {key} minutes hold");
        var seconds = Trainer.MeasureStep(loaded.Model, plan.Options(1000), data, cancel);
        var validations = 1.1;          // a tenth for validations and checkpoints
        var steps = Math.Max(10, (int)(minutes * 60 / (seconds * validations)));
        Directory.CreateDirectory(outputFolder);
        AtomicFile.Write(file, JsonSerializer.Serialize(new Dictionary<string, int> { [key] = steps }));
        return steps;
    }

    private TrainingRecord Record(string command, TrainingPlan plan, TrainingOptions options, TrainingData data, TrainingResult result, TimeSpan elapsed) => new()
    {
        Command = command,
        Options = TrainingNames.Json(request, options, plan.Prefix),
        Model = loaded.Identity,
        Seed = options.Seed,
        Dtype = PerplexityNames.Dtype(loaded.Model.Dtype),
        Device = loaded.Model.Device.type == TorchSharp.DeviceType.CPU ? "cpu" : loaded.Model.Device.ToString(),
        Backend = loaded.Model.Attention.Name,
        Threads = get_num_threads(),
        Versions = MachineInfo.Versions(__version__, typeof(Tensor).Assembly.GetName().Version?.ToString(3)),
        WallSeconds = elapsed.TotalSeconds,
        PeakMemoryBytes = MachineInfo.PeakMemoryBytes(),
        Preset = request.Preset,
        Ratios = [.. request.Ratios.Select(ratio => ratio.Value)],
        Sidecar = JsonNode.Parse(result.Sidecar.ToJson())!.AsObject(),
        Parameters = result.Parameters,
        Data = data.Fingerprint,
        Steps = result.Steps,
        StepSeconds = File.ReadLines(Path.Combine(outputFolder, "log.jsonl")).Sum(line => JsonNode.Parse(line)?["seconds"]?.GetValue<double>() ?? 0),
        StepPoints = StepPoint.ReadLog(Path.Combine(outputFolder, "log.jsonl")),
        Development = [.. result.Validations.Select(DevelopmentPoint.Of)],
        BestStep = result.Best.Step,
        BestSha256 = FileDigest.Of(result.BestFile),
        FinalSha256 = FileDigest.Of(result.FinalFile),
    };

    private sealed class Observer(IRunProgress progress, string what) : ITrainingObserver
    {
        private int? steps;

        public void OnPhase(string phase) => progress.Note(phase);

        public void OnStep(StepReport report, int total)
        {
            if (steps is null) progress.Begin(what, total, report.Step - 1, "steps");
            steps = total;
            var losses = report.Losses;
            List<string> parts = [];
            void Part(string name, double value)
            {
                if (value != 0) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{name} {value:0.0000}"));
            }
            Part("ce", losses.CrossEntropy);
            Part("kl", losses.Divergence);
            Part("qpaa", losses.Alignment);
            Part("div", losses.Diversity);
            Part("importance", losses.Importance);
            progress.Advance(1, string.Join(' ', parts));
        }

        public void OnValidation(ValidationResult result, bool isBest)
        {
            var texts = string.Join(", ", result.LogRatioByText.Select(t => string.Create(CultureInfo.InvariantCulture, $"{t.Key} {Math.Exp(t.Value):0.0000}")));
            var recall = result.Recall is { } share ? string.Create(CultureInfo.InvariantCulture, $", recall {share:0.00}") : "";
            var error = result.QueryError is { } far ? string.Create(CultureInfo.InvariantCulture, $", error on held-out queries {far:0.000}") : "";
            progress.Note($"step {result.Step}: perplexity over dense {texts}{recall}{error}{(isBest ? " (best so far)" : "")}");
        }

        public void OnMessage(string sentence) => progress.Note(sentence);
    }
}
