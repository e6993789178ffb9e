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
    private readonly StoppedRuns runs = new();

    private TrainingOptions Asked => Options(RandomSidecar.Config("random-choice", runs.Model.Config), Steps) with { HeadSequences = 2 };

    [Fact]
    public void Budgets_are_measured_behind_the_last_step_and_stand_in_both_files()
    {
        var result = runs.Run("a", Asked)!;

        // What is validated on the way is a curve; the best is what has its budgets.
        Assert.Equal([(0, false), (3, false), (6, false), (Steps, true)], result.Validations.Select(validation => (validation.Step, validation.IsCandidate)));
        Assert.Equal(Steps, result.Best.Step);
        Assert.NotNull(result.Sidecar.HeadSlots);
        foreach (var file in new[] { result.FinalFile, result.BestFile })
        {
            using var sidecar = SidecarFile.Read(file);
            Assert.Equal(result.Sidecar.ToJson(), sidecar.Config.ToJson());
            Assert.Equal((runs.Model.Config.Layers, runs.Model.Config.KeyValueHeads), (sidecar.Config.HeadSlots!.Count, sidecar.Config.HeadRecent![1].Count));
            Assert.Equal(1, sidecar.Config.HeadSlots!.Average(row => row.Average()), 1e-3);
            Assert.All(sidecar.Parameters, parameter => Assert.True(PlainNumbers.Of(parameter.Value).Any(value => value != 0), $"{parameter.Key} was learned"));
            // The file does what it says: every layer gets its slots, and their sum is the budget.
            using var scope = TorchSharp.torch.NewDisposeScope();
            var context = RandomContext.Of(runs.Model.Config, Prefix, 3, layer: 1);
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
        var result = runs.Run("a", Asked with { HeadSequences = 0 })!;

        Assert.Null(result.Sidecar.HeadSlots);
        Assert.Null(SidecarFile.ReadConfig(result.BestFile).HeadRecent);
    }

    [Fact]
    public void Stopping_in_steps_measurements_and_validations_changes_no_bit()
    {
        runs.Run("whole", Asked);
        var expected = runs.Results("whole");
        var count = 0;

        Gen.Int[0, 6].List[1, 8].Sample(stops =>
        {
            var name = $"run-{Interlocked.Increment(ref count)}";
            foreach (var stop in stops) runs.Run(name, Asked, stop);
            runs.Run(name, Asked);
            Assert.Equal(expected, runs.Results(name));
        }, iter: 10, threads: 1);
    }

    [Fact]
    public void A_run_that_is_stopped_at_every_report_ends_as_the_one_that_was_not()
    {
        runs.Run("whole", Asked);

        for (var stop = 0; stop < Steps + 3; stop++)
        {
            runs.Run($"stopped-{stop}", Asked, stop);
            runs.Run($"stopped-{stop}", Asked);
            Assert.Equal(runs.Results("whole"), runs.Results($"stopped-{stop}"));
        }
    }

    [Fact]
    public void Stopping_inside_a_step_changes_no_bit()
    {
        var options = Asked with { Sequences = 3 };
        runs.Run("whole", options);
        var data = RandomData();
        for (var read = 8; read < 24; read += 3)
        {
            using var stop = new CancellationTokenSource();
            var reads = 0;
            // Costs of the step's first sequences are in the levels when the next one is read.
            var stopped = data with { Sequences = index =>
            {
                if (++reads == read) stop.Cancel();
                return data.Sequences(index);
            } };
            Assert.Null(runs.Run($"stopped-{read}", options with { StoreBytes = 1 }, stopped, new StoppedRuns.Stopping(stop), stop));

            runs.Run($"stopped-{read}", options);

            Assert.Equal(runs.Results("whole"), runs.Results($"stopped-{read}"));
        }
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
    public void Whole_stopped_and_resumed_runs_leave_no_tensor_behind()
    {
        runs.Run("a", Asked);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        runs.Run("b", Asked);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        for (var stop = 0; stop < Steps + 3; stop++) runs.Run($"stopped-{stop}", Asked, stop);
        runs.Run("stopped-4", Asked);

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    public void Dispose() => runs.Dispose();
}
