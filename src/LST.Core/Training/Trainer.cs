using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LST.Core.Compression;
using LST.Core.Losses.Probes;
using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Training.Data;
using static TorchSharp.torch;

namespace LST.Core.Training;

/// <summary>Told how a run goes; called from the run's own thread.</summary>
public interface ITrainingObserver
{
    /// <summary>A part before the first step, in words.</summary>
    void OnPhase(string phase) { }

    /// <summary>A step is done.</summary>
    void OnStep(StepReport report, int steps) { }

    /// <summary>A validation is done.</summary>
    void OnValidation(ValidationResult result, bool isBest) { }

    /// <summary>Something worth a line.</summary>
    void OnMessage(string sentence) { }
}

/// <summary>How a run ended.</summary>
/// <param name="Steps">Steps done over all its parts.</param>
/// <param name="Best">The best validation.</param>
/// <param name="Validations">All validations.</param>
/// <param name="FinalFile">Sidecar of the last step.</param>
/// <param name="BestFile">Sidecar of the best step.</param>
/// <param name="Parameters">Learned numbers.</param>
/// <param name="Seconds">Wall time of this part.</param>
/// <param name="Resumed">Step that it went on from; 0: from the start.</param>
/// <param name="Sidecar">The sidecar's options, measured budgets included.</param>
public sealed record TrainingResult(int Steps, ValidationResult Best, IReadOnlyList<ValidationResult> Validations, string FinalFile, string BestFile, long Parameters, double Seconds, int Resumed, SidecarConfig Sidecar);

/// <summary>
/// Trains a sidecar of one frozen model. Every step is a function of the options, the seed and the step's number: a run that was stopped anywhere goes on from its newest
/// checkpoint to the same bits on the same machine. Writes <c>final.safetensors</c>, <c>best.safetensors</c>, <c>log.jsonl</c> and <c>checkpoints/</c>.
/// </summary>
public sealed class Trainer
{
    private readonly LanguageModel model;
    private readonly TrainingOptions options;
    private readonly TrainingData data;
    private readonly string folder;
    private readonly PrefixNeeds needs;

    /// <summary>A run into a folder.</summary>
    /// <param name="model">The frozen model; its digest is written into the sidecar.</param>
    /// <param name="options">What is asked for.</param>
    /// <param name="data">What it learns from.</param>
    /// <param name="outputFolder">Made when missing; goes on from the checkpoints in it.</param>
    public Trainer(LanguageModel model, TrainingOptions options, TrainingData data, string outputFolder)
    {
        (this.model, this.options, this.data, folder) = (model, options.Checked(), data, outputFolder);
        var probes = ProbeSources.Parse(options.Losses.Probes).Needs;
        var aligns = options.Losses.Alignment > 0;
        needs = new PrefixNeeds(options.Sidecar.Refit != RefitProbes.None || (aligns && probes.HasFlag(ProbeNeeds.PreRopeQueries)), aligns && probes.HasFlag(ProbeNeeds.RepeatQueries) ? 256 : 0);
    }

    /// <summary>Measured at each validation and reported with it: how far the sidecar is from dense on queries that no step saw. Null: not measured. No bit of the run depends on it.</summary>
    public Func<SidecarModule, CancellationToken, double>? QueryError { get; init; }

    /// <summary>Runs to the last step.</summary>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint of the last whole step was written.</exception>
    /// <exception cref="DataException">The loss is not a number, or another run writes into the folder.</exception>
    /// <exception cref="UsageException">The folder holds checkpoints of a run with other options.</exception>
    public TrainingResult Run(ITrainingObserver? observer = null, CancellationToken cancel = default)
    {
        observer ??= new SilentObserver();
        var clock = Stopwatch.StartNew();
        Directory.CreateDirectory(folder);
        using var only = new RunLock(folder);
        var checkpoints = new TrainingCheckpoint(folder);
        var found = checkpoints.Find(Fingerprint(), observer.OnMessage);
        using var store = new PrefixStore(model, data.Sequences, needs, options.StoreBytes);
        var measured = Chooses || options.HeadSequences == 0 ? options : options with { Sidecar = Budgets(null, observer, cancel) };
        if (Chooses) observer.OnMessage("learning which tokens to keep: the losses of windows (--lambda-...) play no part; --sidecar-option choice=none trains windows");
        observer.OnPhase("measuring channels of keys and values");
        var (scale, statistics) = new Calibration(model, measured, data).Measure(cancel);
        try
        {
            using var state = NewState(measured.Sidecar, scale);
            if (found is not null)
            {
                TrainingCheckpoint.Load(found, state);
                observer.OnMessage($"going on behind step {state.Step}");
            }
            var resumed = state.Step;
            state.Sidecar.RequireGradients(true);
            using var log = new TrainingLog(Path.Combine(folder, "log.jsonl"), found is null ? null : state.Step, state.Validations.LastOrDefault()?.Step ?? -1);
            using var validation = new Validation(model, data, new PrefixNeeds(options.Sidecar.Refit != RefitProbes.None, 0), options.StoreBytes / 4);
            Train(state, StepOf(state, statistics, cancel), store, validation, checkpoints, log, observer, cancel);
            return Finish(state, clock.Elapsed.TotalSeconds, resumed);
        }
        finally
        {
            foreach (var layer in statistics ?? []) layer.Dispose();
        }
    }

    // Sidecars that choose tokens learn their importance first; the budgets of heads follow from it at the end.
    private bool Chooses => options.Sidecar.Choice == TokenChoiceRule.Learned;

    private delegate StepLosses Accumulation(PreparedPrefix prepared, Ratio ratio, Generator generator);

    private Accumulation StepOf(TrainingState state, IReadOnlyList<QueryStatistics>? statistics, CancellationToken cancel)
    {
        var scale = 1.0 / options.Sequences;
        if (Chooses)
        {
            var importance = new ImportanceStep(model, state.Sidecar, state.Levels);
            return (prepared, _, generator) => new StepLosses(0, 0, 0, 0, importance.Accumulate(prepared, scale, generator, cancel));
        }
        var step = new TrainingStep(model, state.Sidecar, options.Losses, statistics);
        return (prepared, ratio, generator) => step.Accumulate(prepared, ratio, scale, generator);
    }

    private void Train(TrainingState state, Accumulation step, PrefixStore store, Validation validation, TrainingCheckpoint checkpoints, TrainingLog log, ITrainingObserver observer, CancellationToken cancel)
    {
        var saved = state.Step;
        try
        {
            while (true)
            {
                if (Chooses && state.Step == options.Steps) state.Round();
                if (Chooses && state.Step == options.Steps && options.HeadSequences > 0 && state.Sidecar.Config.HeadSlots is null) state.Use(Budgets(state.Sidecar, observer, cancel));
                // A validation that was cut short by a stop is due again behind the checkpoint.
                if (IsValidationDue(state)) Validate(state, validation, log, observer, cancel);
                var isLast = state.Step == options.Steps;
                if (state.Step > saved && (isLast || state.Step % options.SaveEvery == 0))
                {
                    checkpoints.Write(state, Fingerprint());
                    saved = state.Step;
                }
                if (isLast) return;
                var report = Step(state, step, store, cancel);
                log.Write(report);
                observer.OnStep(report, options.Steps);
            }
        }
        catch (OperationCanceledException) when (state.Step > saved)
        {
            // Stops are only noticed where the state is whole.
            checkpoints.Write(state, Fingerprint());
            throw;
        }
    }

    private bool IsValidationDue(TrainingState state) =>
        (state.Step == options.Steps || (state.Step % options.ValidateEvery == 0 && (!Chooses || options.ValidateEvery < options.Steps))) && state.Validations.LastOrDefault()?.Step != state.Step;

    // Choosers get their budgets behind the last step: what is measured before is a curve to look at.
    private bool IsCandidate(TrainingState state) => !Chooses || options.HeadSequences == 0 || state.Sidecar.Config.HeadSlots is not null;

    /// <summary>Seconds of one step, the median of three after a first one; nothing is learned and nothing is written.</summary>
    public static double MeasureStep(LanguageModel model, TrainingOptions options, TrainingData data, CancellationToken cancel = default)
    {
        var trial = new Trainer(model, options, data, "");
        var (scale, statistics) = new Calibration(model, options with { Calibration = 1 }, data).Measure(cancel);
        try
        {
            using var state = trial.NewState(options.Sidecar, scale);
            state.Sidecar.RequireGradients(true);
            using var store = new PrefixStore(model, data.Sequences, trial.needs, options.StoreBytes);
            var step = trial.StepOf(state, statistics, cancel);
            return Enumerable.Range(0, 4).Select(_ => trial.Step(state, step, store, cancel).Seconds).Skip(1).Order().ElementAt(1);
        }
        finally
        {
            foreach (var layer in statistics ?? []) layer.Dispose();
        }
    }

    private StepReport Step(TrainingState state, Accumulation step, PrefixStore store, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        var number = state.Step + 1;
        state.Optimizer.ZeroGradients();
        using var generator = new Generator(Mix(options.Seed, number), CPU);
        var sum = new StepLosses();
        var indices = new PoolSampler(options.Pool, options.Seed).IndicesOf(state.Step, options.Sequences);
        using var levels = state.Levels.clone();
        try
        {
            for (var i = 0; i < indices.Length; i++)
            {
                var ratio = options.Ratios[(int)(((long)state.Step * options.Sequences + i) % options.Ratios.Count)];
                sum += step(store.Get(indices[i], cancel), ratio, generator);
                cancel.ThrowIfCancellationRequested();
            }
        }
        catch
        {
            // The checkpoint that a stop writes is that of the last whole step.
            state.Levels.copy_(levels);
            throw;
        }
        var losses = sum * (1.0 / options.Sequences);
        var norm = state.Optimizer.GradientNorm();
        if (!double.IsFinite(norm))
            throw new DataException($"step {number}: the gradient is not a finite number (losses {losses}); the learning rate {options.LearningRate} may be too high, or the model overflows in its dtype: lower --learning-rate or use --dtype float32");
        using var pause = CollectionPause.Begin();
        state.Optimizer.Step(number, options.RateAt(number), Math.Min(1, options.Clip / (norm + 1e-12)));
        state.Step = number;
        return new StepReport(number, losses, norm, options.RateAt(number), clock.Elapsed.TotalSeconds);
    }

    private void Validate(TrainingState state, Validation validation, TrainingLog log, ITrainingObserver observer, CancellationToken cancel)
    {
        var result = validation.Run(state.Sidecar, options.Ratios, state.Step, cancel) with { IsCandidate = IsCandidate(state), QueryError = QueryError?.Invoke(state.Sidecar, cancel) };
        state.Consider(result);
        log.Write(result);
        observer.OnValidation(result, ReferenceEquals(state.Best, result));
    }

    // Measured budgets are part of the sidecar's options from here on; measuring is a function of the options and the chooser, so that a resumed run finds the same.
    private SidecarConfig Budgets(SidecarModule? chooser, ITrainingObserver observer, CancellationToken cancel)
    {
        observer.OnPhase($"measuring what each head loses under each budget at {options.Ratios[0]}:1{(options.Ratios.Count > 1 ? "; the same shares serve the other ratios" : "")}");
        using var noGradients = no_grad();
        var config = chooser?.Config ?? options.Sidecar;
        var count = Math.Min(options.HeadSequences, options.Pool);
        var measurement = new HeadMeasurement(model, config, options.Ratios[0], chooser);
        var errors = measurement.Measure([.. Enumerable.Range(0, count).Select(i => data.Sequences((long)i * options.Pool / count))], null, cancel);
        return measurement.Choose(errors).Checked();
    }

    private TrainingState NewState(SidecarConfig config, InputScale scale)
    {
        var sidecar = SidecarModule.Untrained(config with { Model = config.Model with { WeightsSha256 = model.WeightsSha256 } }, options.Seed, scale);
        sidecar.To(model.Device);
        return new TrainingState(sidecar, new AdamW(sidecar.Parameters, weightDecay: options.WeightDecay));
    }

    private TrainingResult Finish(TrainingState state, double seconds, int resumed)
    {
        state.Sidecar.RequireGradients(false);
        var (final, best) = (Path.Combine(folder, "final.safetensors"), Path.Combine(folder, "best.safetensors"));
        SidecarFile.Write(final, state.Sidecar);
        using (no_grad())
            foreach (var (name, parameter) in state.Sidecar.Parameters) parameter.copy_(state.BestParameters[name]);
        SidecarFile.Write(best, state.Sidecar);
        return new TrainingResult(state.Step, state.Best!, state.Validations, final, best, state.Sidecar.ParameterCount, seconds, resumed, state.Sidecar.Config);
    }

    // What decides every bit of the run: not where files lie, how often it saves, or how much memory it may take.
    private string Fingerprint()
    {
        var decisive = options with { SaveEvery = 1, StoreBytes = 1 };
        var text = JsonSerializer.Serialize(new { Options = decisive, Sidecar = options.Sidecar.ToJson(), Ratios = options.Ratios.Select(ratio => ratio.ToString()), Data = data.Fingerprint, Model = model.WeightsSha256 ?? model.Name, Dtype = model.Dtype.ToString(), Threads = get_num_threads() });
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    private static ulong Mix(long seed, long step)
    {
        var z = (ulong)seed * 0x9E3779B97F4A7C15 + (ulong)step * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        return (z ^ (z >> 27)) >> 1;
    }

    private sealed class SilentObserver : ITrainingObserver;
}
