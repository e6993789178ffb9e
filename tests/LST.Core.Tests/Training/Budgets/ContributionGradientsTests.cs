using LST.Core.Attention;
using LST.Core.Caching;
using LST.Core.Models;
using LST.Core.Tests.Models;
using LST.Core.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace LST.Core.Tests.Training.Budgets;

/// <summary>Gradients of the drawn labels' log-likelihood against differences of that log-likelihood itself.</summary>
public class ContributionGradientsTests
{
    private static readonly Dictionary<string, ModelConfig> Shapes = new()
    {
        ["mha"] = TinyModels.Mha,
        ["gqa"] = TinyModels.Gqa,
        ["sliding"] = TinyModels.Gqa with { ModelType = "mistral", SlidingWindow = 23 },
    };

    private static readonly long[] Continuation = TrainingCases.Ids(11, 8);

    public static TheoryData<string> Names => [.. Shapes.Keys];

    [Theory, MemberData(nameof(Names))]
    public void Are_slopes_of_the_sum_over_all_labels(string shape)
    {
        using var model = TinyModels.Load(Shapes[shape]);
        using var scope = NewDisposeScope();
        using var cache = Prefilled(model);
        using var generator = new Generator(5, CPU);
        var layers = Of(model, cache, generator);
        using var again = new Generator(5, CPU);
        var labels = multinomial(Logits(model, cache, 0, null).softmax(-1), 1, generator: again).squeeze(1);

        Assert.Equal(model.Config.Layers, layers.Count);
        for (var l = 0; l < layers.Count; l++)
            // Everything, half of the numbers, and one position alone: what it changes of the labels behind counts, too.
            foreach (var kept in new[] { ones_like(layers[l].Gradients), rand(layers[l].Gradients.shape, generator: again).ge(0.5).to(float32), (arange(11) == 4).to(float32).view(1, -1, 1) })
            {
                var direction = layers[l].Gradients * kept;
                var length = direction.norm().item<float>();
                Assert.True(length > 1e-3);
                var step = direction / length * 0.01;
                double At(Tensor change) => -Logits(model, cache, l, change).to(float64).log_softmax(-1).gather(1, labels.unsqueeze(1)).sum().item<double>();
                var slope = (At(step) - At(-step)) / 0.02;
                // Some 50 nats in float32 over a step of 0.02: 1e-3 absolutely.
                Assert.True(Math.Abs(slope - length) < 0.01 * length + 2e-3, $"{shape}, layer {l}: gradient {length}, slope {slope}");
            }
    }

    [Theory, MemberData(nameof(Names))]
    public void Come_with_what_was_attended_with(string shape)
    {
        using var model = TinyModels.Load(Shapes[shape]);
        using var scope = NewDisposeScope();
        using var cache = Prefilled(model);
        using var generator = new Generator(5, CPU);
        var layers = Of(model, cache, generator);

        model.RunFrozen(TinyModels.Row(Continuation), cache, new SegmentOptions
        {
            Append = false, Capture = CaptureNeeds.Queries, OnLayer = capture =>
            {
                var layer = layers[capture.Layer];
                foreach (var (expected, actual) in new[] { (capture.Queries!, layer.Queries), (capture.Keys, layer.Keys), (capture.Values, layer.Values) })
                    Assert.InRange(PlainNumbers.Distance(expected[0], actual), 0, 1e-4);
                Assert.Equal(layer.Queries.shape, layer.Gradients.shape);
            },
        });
        Assert.Equal((TrainingCases.Prefix, TrainingCases.Prefix), ((int)cache.NextPositions[0], cache.Layers[0].Tail.Length));
    }

    [Fact]
    public void The_same_state_of_the_generator_gives_the_same_bits()
    {
        using var model = TinyModels.Load(Shapes["gqa"]);
        using var scope = NewDisposeScope();
        using var cache = Prefilled(model);
        byte[] Bits(ulong seed)
        {
            using var generator = new Generator(seed, CPU);
            return [.. Of(model, cache, generator).SelectMany(layer => PlainNumbers.Bits(layer.Gradients))];
        }

        Assert.Equal(Bits(5), Bits(5));
        Assert.NotEqual(Bits(5), Bits(6));
    }

    [Fact]
    public void Leave_nothing_but_themselves_behind_and_the_models_attention_as_it_was()
    {
        using var model = TinyModels.Load(Shapes["gqa"]);
        using var scope = NewDisposeScope();
        using var cache = Prefilled(model);
        using var generator = new Generator(5, CPU);
        var usual = model.Attention;
        using (NewDisposeScope()) Of(model, cache, generator);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        using (NewDisposeScope()) Assert.Equal(3, Of(model, cache, generator).Count);

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Same(usual, model.Attention);
    }

    [Fact]
    public void A_failure_half_way_leaves_the_model_as_it_was()
    {
        using var model = TinyModels.Load(Shapes["gqa"]);
        using var scope = NewDisposeScope();
        using var cache = Prefilled(model);
        using var generator = new Generator(5, CPU);
        // Of three heads, where the model has two: the second layer cannot be attended to.
        cache.Layers[1].Replace(new CompressedLayer(1, 3, zeros(6, 16), zeros(6, 16), [0, 2, 4, 6], [0, 1, 0, 1, 0, 1]).Detached());
        var usual = model.Attention;
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        for (var i = 0; i < 2; i++)
        {
            using (NewDisposeScope()) Assert.ThrowsAny<Exception>(() => Of(model, cache, generator));
            Assert.Same(usual, model.Attention);
            // The padded view of the broken layer stays with it.
            if (i == 0) before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        }
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => ContributionGradients.Of(model, cache, Continuation, generator, cancelled.Token));
        Assert.Same(usual, model.Attention);
    }

    private static IReadOnlyList<LayerContribution> Of(LanguageModel model, KvCache cache, Generator generator) =>
        ContributionGradients.Of(model, cache, Continuation, generator, TestContext.Current.CancellationToken);

    private static KvCache Prefilled(LanguageModel model)
    {
        var cache = model.NewCache(1);
        using var scope = NewDisposeScope();
        model.RunFrozen(TinyModels.Row(TrainingCases.Ids(TrainingCases.Prefix, 2)), cache);
        return cache;
    }

    // Of the continuation, where a change [H_q, S, D] is added to what one layer's heads read.
    private static Tensor Logits(LanguageModel model, KvCache cache, int layer, Tensor? change)
    {
        // The path with gradients, whose kernels are the ones that are differentiated.
        using var gradients = enable_grad();
        var usual = model.Attention;
        model.Attention = new Changed(layer, change);
        try
        {
            return model.Logits(model.Run(TinyModels.Row(Continuation), cache, new SegmentOptions { Append = false })[0]).detach();
        }
        finally
        {
            model.Attention = usual;
        }
    }

    private sealed class Changed(int layer, Tensor? change) : ISegmentAttention
    {
        private readonly LibraryAttention inner = new();
        private int at;

        public string Name => inner.Name;

        public Tensor Attend(Tensor queries, Tensor keys, Tensor values, LayerCache cache, SegmentMask mask)
        {
            var attended = inner.Attend(queries, keys, values, cache, mask);
            return at++ == layer && change is not null ? attended + change : attended;
        }
    }
}
