using CsCheck;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using LST.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace LST.Core.Tests.Training.Budgets;

/// <summary>Measured budgets follow what heads look at, and never spend more than there is.</summary>
public class HeadMeasurementTests
{
    public static TheoryData<string> Ratios => ["1", "1.001", "5/4", "3/2", "2", "3", "4", "8", "16", "33/2", "64", "100", "1000"];

    [Theory, MemberData(nameof(Ratios))]
    public void Options_can_be_paid_and_given_and_end_with_the_dense_head(string text)
    {
        var ratio = Ratio.Parse(text);
        var options = HeadMeasurement.Options(ratio);

        Assert.Equal(new HeadOption(ratio.Value, 1), options[^1]);
        Assert.Contains(options, option => option.Slots <= 1);
        Assert.Equal(options.Count, options.Distinct().Count());
        // What HeadBudgets gives a head that wants little, and all that there is for one that wants everything.
        Assert.All(options.SkipLast(1), option => Assert.InRange(option.Slots, Math.Min(1, ratio.Value / 64), ratio.Value - 1e-9));
        var cheapest = options.Min(option => option.Slots);
        Assert.All(HeadChoice.Of([.. Enumerable.Repeat(new double[options.Count], 6)], options), o => Assert.Equal(cheapest, options[o].Slots));
    }

    [Fact]
    public void A_dense_head_that_rounding_leaves_a_slot_short_keeps_all_but_two_tokens()
    {
        foreach (var (tokens, ratio) in new[] { (2047, Ratio.Of(2)), (1023, Ratio.Of(4)), (2047, Ratio.Of(3, 2)) })
        {
            var dense = HeadMeasurement.Options(ratio)[^1];
            var rest = (8 - dense.Slots) / 7;
            var config = Config(TinyModels.Mha, ratio) with { HeadSlots = [[dense.Slots, rest, rest, rest], [rest, rest, rest, rest]], HeadRecent = [[dense.Recent, 0.5, 0.5, 0.5], [0.5, 0.5, 0.5, 0.5]] };

            var plan = HeadBudgets.Of(config.Checked(), new PlanContext(tokens, 2, 4, ratio))[0][0]!;

            Assert.Equal(tokens - tokens % ratio.Value, plan.Slots);
            Assert.Equal((4, plan.Slots - 5, 1), (plan.Sinks, plan.Recent, plan.Windows.Count));
        }
    }

    [Fact]
    public void A_head_that_looks_at_the_last_tokens_gets_few_slots_and_one_that_looks_everywhere_gets_more()
    {
        const int Tokens = 256, Suffix = 24, Near = 20;
        using var scope = NewDisposeScope();
        var shape = TinyModels.Mha with { Layers = 1, QueryHeads = 2, KeyValueHeads = 2 };
        using var model = TinyModels.Load(shape);
        using var generator = new Generator(3, CPU);
        Tensor Draw(int rows) => randn([2, rows, 8], float32, generator: generator);
        var (queries, keys, values) = (Draw(Suffix), Draw(Tokens), Draw(Tokens));
        // Head 0: one direction, in which the last tokens stand 30 above the others. Head 1: stretches of eight tokens, any of which may match.
        queries[0] = tensor(new float[] { 8, 0, 0, 0, 0, 0, 0, 0 });
        keys[0] = (arange(Tokens) >= Tokens - Near).to(float32).unsqueeze(1) * tensor(new float[] { 11, 0, 0, 0, 0, 0, 0, 0 });
        queries[1] *= 2;
        foreach (var rows in new[] { keys, values }) rows[1] = rows[1, ..(Tokens / 8)].repeat_interleave(8, 0);
        var layer = new LayerContribution(queries, zeros(2, Suffix, 8), Draw(Suffix), Draw(Suffix));
        var context = new LayerContext { Layer = 0, Config = shape, Rotary = model.Rotary, Keys = keys, Values = values };
        var ratio = Ratio.Of(4);
        var measurement = new HeadMeasurement(model, Config(shape, ratio) with { KeySpace = KeySpace.PostRope }, ratio);
        var options = HeadMeasurement.Options(ratio);
        double[][] errors = [new double[options.Count], new double[options.Count]];
        using var windows = new OptionWindows(Config(shape, ratio), options, ratio, model);
        measurement.Add(context, new HeadProbe(layer, keys, values, 64), windows.At(Tokens), errors);

        var chosen = measurement.Choose(errors).Checked();

        var (slots, recent) = (chosen.HeadSlots![0], chosen.HeadRecent![0]);
        Assert.True(slots[0] < 0.6 && slots[1] > 1.4, $"{slots[0]} and {slots[1]}");
        // The tokens that it looks at are kept one by one.
        Assert.InRange(recent[0] * slots[0] * (Tokens / 4), Near, Tokens / 4);
        Assert.True(errors[0].Min() < 1e-9 && errors[0].Max() > 1e-3, $"{errors[0].Min()} to {errors[0].Max()}");
        Assert.Equal([0, 0], errors.Select(head => head[^1]));
    }

    [Theory, InlineData(KeySpace.PreRope), InlineData(KeySpace.PostRope)]
    public void Measuring_twice_gives_the_same_bits_and_leaves_no_tensor_behind(KeySpace space)
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        var measurement = new HeadMeasurement(model, Config(model.Config, Ratio.Of(2)) with { KeySpace = space }, Ratio.Of(2));
        // Of several lengths.
        var data = TrainingCases.RandomData();
        var sequences = Enumerable.Range(0, 4).Select(i => data.Sequences(i)).ToList();
        var done = new List<int>();
        var first = measurement.Measure(sequences, done.Add, TestContext.Current.CancellationToken);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        var second = measurement.Measure(sequences, null, TestContext.Current.CancellationToken);

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Equal(first, second);
        Assert.Equal([1, 2, 3, 4], done);
        Assert.Equal(6, first.Count);
        Assert.All(first, head => Assert.True(head.All(double.IsFinite) && head.Max() > 0 && head.Min() >= 0 && head[^1] == 0));
    }

    [Fact]
    public void A_head_that_keeps_everything_has_recents_that_serve_it_at_other_ratios()
    {
        using var model = TinyModels.Load(TinyModels.Gqa);
        var options = HeadMeasurement.Options(Ratio.Of(2));
        // Head 0 loses much under everything short of all, least where a quarter of its slots are recents; the others need three quarters of the mean.
        double[][] errors = [.. Enumerable.Range(0, 6).Select(head => options.Select(option => head > 0 ? Math.Max(0, 0.75 - option.Slots) : option.Slots >= 2 ? 0 : 1 + Math.Abs(option.Recent - 0.25)).ToArray())];

        var config = new HeadMeasurement(model, Config(model.Config, Ratio.Of(2)), Ratio.Of(2)).Choose(errors).Checked();

        Assert.Equal(0.25, config.HeadRecent![0][0]);
        Assert.All(config.HeadRecent.SelectMany(row => row), recent => Assert.True(recent < 1));
        Assert.Null(HeadBudgets.Of(config, new PlanContext(500, 3, 2, Ratio.Of(2)))[0][0]);
        Assert.InRange(HeadBudgets.Of(config, new PlanContext(500, 3, 2, Ratio.Of(4)))[0][0]!.MiddleSlots, 100, 499);
    }

    [Fact]
    public void What_is_chosen_is_a_sound_config_whose_plans_have_the_exact_total() =>
        (from text in Gen.Int[0, 3].Select(i => new[] { "2", "4", "8", "3/2" }[i])
         from shape in Gen.Int[0, 1].Select(i => i == 0 ? TinyModels.Mha : TinyModels.Gqa)
         from steepness in Gen.Double[0, 3].Array[shape.Layers * shape.KeyValueHeads]
         from noise in Gen.Double[0, 0.2].Array[80]
         from tokens in Gen.Int[3, 2100]
         select (ratio: Ratio.Parse(text), shape, steepness, noise, tokens)).Sample(x =>
         {
             var options = HeadMeasurement.Options(x.ratio);
             double[][] errors = [.. x.steepness.Select(s => options.Select((option, o) => option.Slots >= x.ratio.Value ? 0 : Math.Exp(-s * option.Slots) * (1 + x.noise[o])).ToArray())];
             using var model = TinyModels.Load(x.shape);

             var config = new HeadMeasurement(model, Config(x.shape, x.ratio), x.ratio).Choose(errors).Checked();

             foreach (var tokens in new[] { x.tokens, 2047 })
             {
                 var context = new PlanContext(tokens, x.shape.Layers, x.shape.KeyValueHeads, x.ratio);
                 var plans = HeadBudgets.Of(config, context).SelectMany(row => row).ToList();
                 Assert.Equal((long)config.Heads * context.Slots, plans.Sum(plan => (long)(plan?.Slots ?? tokens)));
             }
         }, iter: 60, threads: 1);

    private static SidecarConfig Config(ModelConfig shape, Ratio ratio) => SidecarPresets.Of("lst", "tiny", null, shape, ratio);
}
