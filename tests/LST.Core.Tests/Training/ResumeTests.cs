using CsCheck;
using LST.Core.Losses;
using LST.Core.Models;
using LST.Core.Tests.Models;
using LST.Core.Training;
using static LST.Core.Tests.Training.TrainingCases;

namespace LST.Core.Tests.Training;

/// <summary>A run that was stopped anywhere ends as the one that was not.</summary>
public sealed class ResumeTests : IDisposable
{
    private const int Steps = 11;
    private readonly string root = Directory.CreateTempSubdirectory("lst-resume-").FullName;
    private readonly LanguageModel model = TinyModels.Load(TinyModels.Mha);

    private TrainingOptions Asked => Options(Config(model.Config), Steps) with { Losses = new LossSettings { CrossEntropy = 0.5, Alignment = 0.5, ProbeCount = 4 }, HeadSequences = 2 };

    [Fact]
    public void Stopping_in_steps_validations_and_calibration_changes_no_bit()
    {
        Run("whole", Asked, stopAt: int.MaxValue);
        var expected = Results("whole");
        var runs = 0;

        Gen.Int[0, 6].List[1, 12].Sample(stops =>
        {
            var name = $"run-{Interlocked.Increment(ref runs)}";
            foreach (var stop in stops) Run(name, Asked, stop);
            Run(name, Asked, int.MaxValue);
            Assert.Equal(expected, Results(name));
        }, iter: 12, threads: 1);
    }

    [Fact]
    public void A_validation_that_was_cut_short_is_made_again()
    {
        Run("whole", Asked, int.MaxValue);
        // The development data are what is read behind the third step: cancelled there, the checkpoint has step 3 without its validation.
        using var stop = new CancellationTokenSource();
        var observer = new Stopping(stop, int.MaxValue) { StopBehindStep = 3 };
        Assert.ThrowsAny<OperationCanceledException>(() => new Trainer(model, Asked, RandomData(), At("stopped")).Run(observer, stop.Token));
        Assert.Equal(["step-000002", "step-000003"], Directory.GetDirectories(Path.Combine(At("stopped"), "checkpoints")).Select(Path.GetFileName).Order());

        Run("stopped", Asked, int.MaxValue);

        Assert.Equal(Results("whole"), Results("stopped"));
    }

    [Fact]
    public void A_finished_run_is_left_as_it_is()
    {
        Run("a", Asked, int.MaxValue);
        var before = Results("a");

        var result = new Trainer(model, Asked, RandomData(), At("a")).Run(cancel: TestContext.Current.CancellationToken);

        Assert.Equal((Steps, Steps), (result.Steps, result.Resumed));
        Assert.Equal(before, Results("a"));
    }

    [Fact]
    public void A_damaged_checkpoint_costs_steps_and_no_bit()
    {
        Run("whole", Asked, int.MaxValue);
        Run("a", Asked, stopAt: 9);
        var newest = Directory.GetDirectories(Path.Combine(At("a"), "checkpoints")).Max()!;
        File.AppendAllText(Path.Combine(newest, "state.safetensors"), "x");
        var observer = new Stopping(new CancellationTokenSource(), int.MaxValue);

        new Trainer(model, Asked, RandomData(), At("a")).Run(observer, TestContext.Current.CancellationToken);

        Assert.Equal([$"checkpoint {Path.GetFileName(newest)} is damaged (its digest differs) and is passed over", "going on behind step 4"], observer.Messages);
        Assert.Equal(Results("whole"), Results("a"));
    }

    [Fact]
    public void Other_options_are_refused_and_those_that_change_no_bit_are_not()
    {
        Run("a", Asked, stopAt: 5);

        foreach (var other in new[] { Asked with { Seed = 9 }, Asked with { LearningRate = 1 }, Asked with { Steps = 12 }, Asked with { Losses = new LossSettings() }, Asked with { Sidecar = Asked.Sidecar with { Hidden = 11 } } })
            Assert.Contains("name another --output-dir", Assert.Throws<UsageException>(() => Run("a", other, int.MaxValue)).Message);
        Run("a", Asked with { SaveEvery = 5, StoreBytes = 1 }, int.MaxValue);
    }

    public void Dispose()
    {
        model.Dispose();
        Directory.Delete(root, recursive: true);
    }

    private string At(string name) => Path.Combine(root, name);

    // Stops when so many things were reported (phases, validations, steps); a run may end before.
    private void Run(string name, TrainingOptions options, int stopAt)
    {
        using var stop = new CancellationTokenSource();
        try
        {
            new Trainer(model, options, RandomData(), At(name)).Run(new Stopping(stop, stopAt), stop.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.True(stop.IsCancellationRequested);
        }
    }

    private (string Final, string Best, string Log) Results(string name) =>
        (Convert.ToHexString(File.ReadAllBytes(Path.Combine(At(name), "final.safetensors"))), Convert.ToHexString(File.ReadAllBytes(Path.Combine(At(name), "best.safetensors"))),
            string.Join('\n', TrainingLogs.WithoutTimes(Path.Combine(At(name), "log.jsonl"))));

    private sealed class Stopping(CancellationTokenSource stop, int after) : ITrainingObserver
    {
        private int reports;

        public int? StopBehindStep { get; init; }

        public List<string> Messages { get; } = [];

        public void OnPhase(string phase) => Count();

        public void OnStep(StepReport report, int steps)
        {
            if (report.Step == StopBehindStep) stop.Cancel();
            Count();
        }

        public void OnValidation(ValidationResult result, bool isBest) => Count();

        public void OnMessage(string sentence) => Messages.Add(sentence);

        private void Count()
        {
            if (reports++ == after) stop.Cancel();
        }
    }
}
