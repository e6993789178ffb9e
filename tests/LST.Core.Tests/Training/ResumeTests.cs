using CsCheck;
using LST.Core.Losses;
using LST.Core.Training;
using static LST.Core.Tests.Training.TrainingCases;

namespace LST.Core.Tests.Training;

/// <summary>A run that was stopped anywhere ends as the one that was not.</summary>
public sealed class ResumeTests : IDisposable
{
    private const int Steps = 11;
    private readonly StoppedRuns runs = new();

    private TrainingOptions Asked => Options(Config(runs.Model.Config), Steps) with { Losses = new LossSettings { CrossEntropy = 0.5, Alignment = 0.5, ProbeCount = 4 }, HeadSequences = 2 };

    [Fact]
    public void Stopping_in_steps_validations_and_calibration_changes_no_bit()
    {
        runs.Run("whole", Asked);
        var expected = runs.Results("whole");
        var count = 0;

        Gen.Int[0, 6].List[1, 12].Sample(stops =>
        {
            var name = $"run-{Interlocked.Increment(ref count)}";
            foreach (var stop in stops) runs.Run(name, Asked, stop);
            runs.Run(name, Asked);
            Assert.Equal(expected, runs.Results(name));
        }, iter: 12, threads: 1);
    }

    [Fact]
    public void A_validation_that_was_cut_short_is_made_again()
    {
        runs.Run("whole", Asked);
        // The development data are what is read behind the third step: cancelled there, the checkpoint has step 3 without its validation.
        using var stop = new CancellationTokenSource();
        Assert.Null(runs.Run("stopped", Asked, RandomData(), new StoppedRuns.Stopping(stop) { StopBehindStep = 3 }, stop));
        Assert.Equal(["step-000002", "step-000003"], Directory.GetDirectories(Path.Combine(runs.At("stopped"), "checkpoints")).Select(Path.GetFileName).Order());

        runs.Run("stopped", Asked);

        Assert.Equal(runs.Results("whole"), runs.Results("stopped"));
    }

    [Fact]
    public void A_finished_run_is_left_as_it_is()
    {
        runs.Run("a", Asked);
        var before = runs.Results("a");

        var result = runs.Run("a", Asked)!;

        Assert.Equal((Steps, Steps), (result.Steps, result.Resumed));
        Assert.Equal(before, runs.Results("a"));
    }

    [Fact]
    public void A_damaged_checkpoint_costs_steps_and_no_bit()
    {
        runs.Run("whole", Asked);
        runs.Run("a", Asked, stopAt: 9);
        var newest = Directory.GetDirectories(Path.Combine(runs.At("a"), "checkpoints")).Max()!;
        File.AppendAllText(Path.Combine(newest, "state.safetensors"), "x");
        using var never = new CancellationTokenSource();
        var observer = new StoppedRuns.Stopping(never);

        runs.Run("a", Asked, RandomData(), observer, never);

        Assert.Equal([$"checkpoint {Path.GetFileName(newest)} is damaged (its digest differs) and is passed over", "going on behind step 4"], observer.Messages);
        Assert.Equal(runs.Results("whole"), runs.Results("a"));
    }

    [Fact]
    public void Other_options_are_refused_and_those_that_change_no_bit_are_not()
    {
        runs.Run("a", Asked, stopAt: 5);

        foreach (var other in new[] { Asked with { Seed = 9 }, Asked with { LearningRate = 1 }, Asked with { Steps = 12 }, Asked with { Losses = new LossSettings() }, Asked with { Sidecar = Asked.Sidecar with { Hidden = 11 } } })
            Assert.Contains("name another --output-dir", Assert.Throws<UsageException>(() => runs.Run("a", other)).Message);
        runs.Run("a", Asked with { SaveEvery = 5, StoreBytes = 1 });
    }

    public void Dispose() => runs.Dispose();
}
