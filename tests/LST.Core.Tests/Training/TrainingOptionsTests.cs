using LST.Core.Compression;
using LST.Core.Tests.Models;
using LST.Core.Training;

namespace LST.Core.Tests.Training;

public class TrainingOptionsTests
{
    private static TrainingOptions Good => TrainingCases.Options(TrainingCases.Config(TinyModels.Mha), steps: 110) with { Warmup = 10, LearningRate = 0.5 };

    [Theory]
    [InlineData(RateSchedule.Linear, 60, 0.25)]
    [InlineData(RateSchedule.Linear, 110, 0)]
    [InlineData(RateSchedule.Cosine, 60, 0.25)]
    [InlineData(RateSchedule.Cosine, 35, 0.42677669529663687)]
    [InlineData(RateSchedule.Cosine, 110, 0)]
    [InlineData(RateSchedule.Constant, 110, 0.5)]
    public void A_schedule_warms_up_and_then_falls_as_it_says(RateSchedule schedule, int step, double rate)
    {
        var options = Good with { Schedule = schedule };

        Assert.Equal(0.05, options.RateAt(1), 12);
        Assert.Equal(0.25, options.RateAt(5), 12);
        Assert.Equal(0.5, options.RateAt(10), 12);
        Assert.Equal(rate, options.RateAt(step), 12);
    }

    [Fact]
    public void Without_warm_up_the_first_step_has_nearly_the_peak() => Assert.Equal(0.5 * 109 / 110, (Good with { Warmup = 0 }).RateAt(1), 12);

    public static TheoryData<string, Func<TrainingOptions, TrainingOptions>> Wrong { get; } = new()
    {
        { "--max-steps 0", options => options with { Steps = 0 } },
        { "--batch-size 0", options => options with { Sequences = 0 } },
        { "--learning-rate 0", options => options with { LearningRate = 0 } },
        { "--learning-rate NaN", options => options with { LearningRate = double.NaN } },
        { "--clip -1", options => options with { Clip = -1 } },
        { "--pool 0", options => options with { Pool = 0 } },
        { "--warmup", options => options with { Warmup = -1 } },
        { "--window-size", options => options with { Ratios = [Ratio.One] } },
        { "--window-size", options => options with { Ratios = [] } },
        { "--lambda-kl -1", options => options with { Losses = new LossSettings { Divergence = -1 } } },
        { "are all 0", options => options with { Losses = new LossSettings { Divergence = 0 } } },
        { "--head-budgets 0", options => options with { HeadSequences = 4, Losses = new LossSettings { Alignment = 1, AlignmentForm = AlignmentForm.PerWindow } } },
        { "the same budget for every head", options => options with { Losses = new LossSettings { Diversity = 1 }, Sidecar = options.Sidecar with { HeadRecent = [.. Enumerable.Repeat<double[]>([0.1, 0.2, 0.3, 0.4], 2)] } } },
    };

    [Theory]
    [MemberData(nameof(Wrong), DisableDiscoveryEnumeration = true)]
    public void What_means_nothing_is_refused_in_a_sentence(string part, Func<TrainingOptions, TrainingOptions> change)
    {
        Good.Checked();

        Assert.Contains(part, Assert.Throws<UsageException>(() => change(Good).Checked()).Message);
    }
}
