using LST.Core.Compression;
using LST.Core.Models.Checkpoints;
using LST.Core.Sidecar;
using LST.Core.Training;
using static TorchSharp.torch;

namespace LST.Core.Tests.Training;

public class TrainingForecastTests
{
    private static readonly ForecastData Data = new(511, 128, 3, 128, 0, 0);

    [Fact]
    public void Weights_are_counted_exactly_and_a_half_type_takes_half()
    {
        // 32·(4·4096² + 3·4096·11008 + 2·4096) + 2·32000·4096 + 4096.
        Assert.Equal(4 * 6_738_415_616, Bytes(Of("llama-2-7b", float32), "weights"));
        Assert.Equal(2 * 6_738_415_616, Bytes(Of("llama-2-7b", bfloat16), "weights"));
    }

    [Fact]
    public void Every_part_grows_with_what_it_is_made_of()
    {
        var small = Of("lst-ref", float32);

        Assert.True(Bytes(Of("lst-ref", float32, data: Data with { Prefix = 1023 }), "prefix store") > 1.5 * Bytes(small, "prefix store"));
        Assert.True(Bytes(Of("lst-ref", float32, steps: 50), "prefix store") > 3 * Bytes(small, "prefix store"));
        Assert.True(Bytes(Of("lst-ref", float32, preset: "lst-large"), "sidecar, gradients, moments") > 2 * Bytes(small, "sidecar, gradients, moments"));
        Assert.True(Of("lst-ref", float32, preset: "paper").StepWork > 3 * small.StepWork);
        Assert.True(Of("lst-ref", float32, data: Data with { Suffix = 512 }).StepSeconds > small.StepSeconds);
        Assert.Equal(2 * small.TotalSeconds, Of("lst-ref", float32, rate: 0.5e11).TotalSeconds, 6);
    }

    [Fact]
    public void The_store_is_bounded_by_its_budget()
    {
        var bounded = Of("lst-ref", float32, steps: 100_000, store: 1L << 30);

        Assert.InRange(Bytes(bounded, "prefix store"), 1L << 30, (1L << 30) + (1 << 27));
    }

    [Theory]
    [InlineData("llama-2-7b")]
    [InlineData("lst-ref")]
    public void Parameters_are_those_of_the_sidecar(string shape)
    {
        using var sidecar = SidecarModule.Untrained(SidecarPresets.Of("lst", shape, null, ModelShapes.Of(shape).Config, Ratio.Of(2)));

        Assert.Equal(sidecar.Parameters.Values.Sum(parameter => parameter.NumberOfElements), Of(shape, float32).Parameters);
    }

    [Fact]
    public void A_rate_is_a_positive_number() => Assert.InRange(ProductRate.Measure(ModelShapes.Of("lst-ref").Config, float32), 1e8, 1e15);

    private static long Bytes(TrainingForecast forecast, string part) => forecast.Parts.Single(p => p.Name == part).Bytes;

    private static TrainingForecast Of(string shape, ScalarType dtype, string preset = "lst", int steps = 10, long store = 4L << 30, double rate = 1e11, ForecastData? data = null)
    {
        var config = ModelShapes.Of(shape).Config;
        var sidecar = SidecarPresets.Of(preset, shape, null, config, Ratio.Of(2));
        var options = new TrainingOptions { Sidecar = sidecar, Ratios = [Ratio.Of(2)], Steps = steps, StoreBytes = store, Pool = 100_000, Sequences = 1, Losses = LossSettings.Of(preset) };
        return TrainingForecast.Of(config, dtype, options, data ?? Data, rate);
    }
}
