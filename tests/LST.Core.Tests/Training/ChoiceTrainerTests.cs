using CsCheck;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using LST.Core.Tests.Sidecar;
using LST.Core.Training;
using TorchSharp;
using static LST.Core.Tests.Training.TrainingCases;

namespace LST.Core.Tests.Training;

/// <summary>Runs that train the choice of tokens: they learn, they measure budgets behind the last step, and stopping changes no bit.</summary>
public sealed class ChoiceTrainerTests : IDisposable
{
    private const int Steps = 7;
    private readonly string root = Directory.CreateTempSubdirectory("lst-choice-").FullName;
    private readonly LanguageModel model = TinyModels.Load(TinyModels.Mha);

    private TrainingOptions Asked => Options(RandomSidecar.Config("random-choice", model.Config), Steps) with { HeadSequences = 2 };

    [Fact]
    public void Budgets_are_measured_behind_the_last_step_and_stand_in_both_files()
    {
        var result = Run("a", Asked, int.MaxValue)!;

        // What is validated on the way is a curve; the best is what has its budgets.
        Assert.Equal([(0, false), (3, false), (6, false), (Steps, true)], result.Validations.Select(validation => (validation.Step, validation.IsCandidate)));
        Assert.Equal(Steps, result.Best.Step);
        Assert.NotNull(result.Sidecar.HeadSlots);
        foreach (var file in new[] { result.FinalFile, result.BestFile })
        {
            using var sidecar = SidecarFile.Read(file);
            Assert.Equal(result.Sidecar.ToJson(), sidecar.Config.ToJson());
            Assert.Equal((model.Config.Layers, model.Config.KeyValueHeads), (sidecar.Config.HeadSlots!.Count, sidecar.Config.HeadRecent![1].Count));
            Assert.Equal(1, sidecar.Config.HeadSlots!.Average(row => row.Average()), 1e-3);
            Assert.All(sidecar.Parameters, parameter => Assert.True(PlainNumbers.Of(parameter.Value).Any(value => value != 0), $"{parameter.Key} was learned"));
            // The file does what it says: every layer gets its slots, and their sum is the budget.
            using var scope = TorchSharp.torch.NewDisposeScope();
            var context = RandomContext.Of(model.Config, Prefix, 3, layer: 1);
            using var compressor = SuperTokenCompressor.Around(sidecar);
            var plan = compressor.Plan(new PlanContext(Prefix, 2, 4, Ratio.Of(2)));
            Assert.Equal(2 * 4 * (Prefix / 2), plan.Layers.Sum(layer => layer.SlotsByHead.Sum()));
            using var made = compressor.Compress(context, plan.Layers[1]);
            Assert.Equal(plan.Layers[1].SlotsByHead, Enumerable.Range(0, 4).Select(h => made.Length(0, h)));
        }
        Assert.Equal(File.ReadAllBytes(result.FinalFile), File.ReadAllBytes(result.BestFile));
    }

    [Fact]
    public void Without_measured_budgets_all_heads_stay_alike()
    {
        var result = Run("a", Asked with { HeadSequences = 0 }, int.MaxValue)!;

        Assert.Null(result.Sidecar.HeadSlots);
        Assert.Null(SidecarFile.ReadConfig(result.BestFile).HeadRecent);
    }

    [Fact]
    public void Stopping_in_steps_measurements_and_validations_changes_no_bit()
    {
        Run("whole", Asked, int.MaxValue);
        var expected = Results("whole");
        var runs = 0;

        Gen.Int[0, 6].List[1, 8].Sample(stops =>
        {
            var name = $"run-{Interlocked.Increment(ref runs)}";
            foreach (var stop in stops) Run(name, Asked, stop);
            Run(name, Asked, int.MaxValue);
            Assert.Equal(expected, Results(name));
        }, iter: 10, threads: 1);
    }

    [Fact]
    public void A_run_that_is_stopped_at_every_report_ends_as_the_one_that_was_not()
    {
        Run("whole", Asked, int.MaxValue);

        for (var stop = 0; stop < Steps + 3; stop++)
        {
            Run($"stopped-{stop}", Asked, stop);
            Run($"stopped-{stop}", Asked, int.MaxValue);
            Assert.Equal(Results("whole"), Results($"stopped-{stop}"));
        }
    }

    [Fact]
    public void A_finished_run_is_left_as_it_is()
    {
        Run("a", Asked, int.MaxValue);
        var before = Results("a");

        var result = Run("a", Asked, int.MaxValue)!;

        Assert.Equal((Steps, Steps), (result.Steps, result.Resumed));
        Assert.Equal(before, Results("a"));
    }

    [Fact]
    public void Whole_stopped_and_resumed_runs_leave_no_tensor_behind()
    {
        Run("a", Asked, int.MaxValue);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        Run("b", Asked, int.MaxValue);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        for (var stop = 0; stop < Steps + 3; stop++) Run($"stopped-{stop}", Asked, stop);
        Run("stopped-4", Asked, int.MaxValue);

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    public void Dispose()
    {
        model.Dispose();
        Directory.Delete(root, recursive: true);
    }

    // Stops when so many things were reported (phases, steps, the validation); a run may end before. Null: it was stopped.
    private TrainingResult? Run(string name, TrainingOptions options, int stopAt)
    {
        using var stop = new CancellationTokenSource();
        try
        {
            return new Trainer(model, options, RandomData(), Path.Combine(root, name)).Run(new Stopping(stop, stopAt), stop.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.True(stop.IsCancellationRequested);
            return null;
        }
    }

    private (string Final, string Best, string Log) Results(string name)
    {
        string At(string file) => Path.Combine(root, name, file);
        return (Convert.ToHexString(File.ReadAllBytes(At("final.safetensors"))), Convert.ToHexString(File.ReadAllBytes(At("best.safetensors"))), string.Join('\n', TrainingLogs.WithoutTimes(At("log.jsonl"))));
    }

    private sealed class Stopping(CancellationTokenSource stop, int after) : ITrainingObserver
    {
        private int reports;

        public void OnPhase(string phase) => Count();

        public void OnStep(StepReport report, int steps) => Count();

        public void OnValidation(ValidationResult result, bool isBest) => Count();

        private void Count()
        {
            if (reports++ == after) stop.Cancel();
        }
    }
}
