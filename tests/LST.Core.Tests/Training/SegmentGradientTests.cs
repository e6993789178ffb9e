using LST.Core.Caching;
using LST.Core.Models;
using LST.Core.Tests.Models;
using LST.Core.Training;
using static TorchSharp.torch;

namespace LST.Core.Tests.Training;

/// <summary>Layer by layer against autograd through the whole model in one graph.</summary>
public class SegmentGradientTests
{
    private static readonly Dictionary<string, ModelConfig> Shapes = new()
    {
        ["mha"] = TinyModels.Mha,
        ["gqa"] = TinyModels.Gqa,
        ["sliding"] = TinyModels.Gqa with { ModelType = "mistral", SlidingWindow = 23 },
        ["biases"] = TinyModels.Mha with { QkvBias = true, OutputBias = true, MlpBias = true },
    };

    public static MatrixTheoryData<string, bool, bool, int> Cases { get; } = new([.. Shapes.Keys], [false, true], [false, true], [5, 37]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Equals_autograd_through_the_whole_model(string shape, bool ragged, bool biased, int tokens)
    {
        using var model = TinyModels.Load(Shapes[shape]);
        using var scope = NewDisposeScope();
        var ids = TrainingCases.Ids(tokens, 3);
        var layers = Enumerable.Range(0, model.Config.Layers).Select(l => Random(model.Config, l, ragged, biased)).ToList();
        var arriving = randn([tokens, model.Config.HiddenSize], float32, generator: new Generator(5, CPU));
        var seen = zeros_like(arriving);

        var found = SegmentGradient.Of(model, layers, 40, ids, hidden =>
        {
            seen.copy_(hidden);
            return arriving;
        });

        var (hidden, expected) = Whole(model, layers, ids, arriving);
        Close("hidden states", hidden, seen);
        for (var l = 0; l < layers.Count; l++)
        {
            Close($"keys of layer {l}", expected[l].Keys.grad!, found[l].Keys!);
            Close($"values of layer {l}", expected[l].Values.grad!, found[l].Values!);
            Assert.Equal(biased, found[l].Bias is not null);
            if (biased) Close($"bias of layer {l}", expected[l].Bias!.grad!, found[l].Bias!);
        }
    }

    [Fact]
    public void What_no_query_sees_gets_no_gradient()
    {
        using var model = TinyModels.Load(Shapes["sliding"]);
        using var scope = NewDisposeScope();
        var layers = Enumerable.Range(0, model.Config.Layers).Select(l => Random(model.Config, l, false, true)).ToList();

        var found = SegmentGradient.Of(model, layers, 40, TrainingCases.Ids(4, 3), hidden => ones_like(hidden));

        // Positions from 40 − 22 on are seen by the first query.
        var isSeen = tensor(layers[0].Positions.ToArray().Select(position => position > 40 - 23).ToArray());
        Assert.Equal(0, found[0].Keys!.abs().sum(1).masked_select(isSeen.logical_not()).sum().item<float>());
        Assert.Equal(0, found[0].Bias!.abs().masked_select(isSeen.logical_not()).sum().item<float>());
        Assert.True(found[0].Bias!.masked_select(isSeen).count_nonzero().item<long>() > 0);
    }

    [Fact]
    public void Leaves_its_gradients_alone_behind()
    {
        using var model = TinyModels.Load(Shapes["gqa"]);
        using var scope = NewDisposeScope();
        var layers = Enumerable.Range(0, model.Config.Layers).Select(l => Random(model.Config, l, true, true)).ToList();
        var before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        using (NewDisposeScope()) SegmentGradient.Of(model, layers, 40, TrainingCases.Ids(4, 3), hidden => ones_like(hidden));

        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static (Tensor Hidden, List<CompressedLayer> Leaves) Whole(LanguageModel model, List<CompressedLayer> layers, long[] ids, Tensor arriving)
    {
        using var gradients = enable_grad();
        using var cache = model.NewCache(1, 1);
        cache.NextPositions[0] = 40;
        var leaves = layers.Select(layer => new CompressedLayer(1, layer.KeyValueHeads, layer.Keys.clone().requires_grad_(), layer.Values.clone().requires_grad_(),
            layer.Offsets.ToArray(), layer.Positions.ToArray(), layer.Bias?.clone().requires_grad_())).ToList();
        for (var l = 0; l < leaves.Count; l++) cache.Layers[l].Replace(leaves[l]);
        var hidden = model.Run(TinyModels.Row(ids), cache, new SegmentOptions { Append = false })[0];
        (hidden * arriving).sum().backward();
        // The leaves belong to the test's scope, not to the cache.
        foreach (var layer in cache.Layers) layer.Release();
        return (hidden.detach(), leaves);
    }

    // 12 slots of 40 tokens a head, or 8 to 15.
    private static CompressedLayer Random(ModelConfig config, int layer, bool ragged, bool biased)
    {
        var random = new Random(100 + layer);
        var heads = Enumerable.Range(0, config.KeyValueHeads).Select(h => Enumerable.Range(0, 40).OrderBy(_ => random.Next()).Take(ragged ? 8 + (5 * h + layer) % 8 : 12).Order().ToArray()).ToList();
        int[] offsets = [0, .. heads.Select((_, h) => heads.Take(h + 1).Sum(head => head.Length))];
        var generator = new Generator((ulong)layer + 1, CPU);
        Tensor Rows() => randn([offsets[^1], config.HeadDim], float32, generator: generator);
        return new CompressedLayer(1, heads.Count, Rows(), Rows(), offsets, [.. heads.SelectMany(head => head)], biased ? randn([offsets[^1]], float32, generator: generator) : null);
    }

    // Float32 and two orders of summation (the pass without gradients has kernels of its own): 1e-4 of the largest number leaves a factor of some ten.
    private static void Close(string what, Tensor expected, Tensor actual)
    {
        var difference = (expected - actual).abs().max().item<float>() / expected.abs().max().item<float>();
        Assert.True(difference < 1e-4, $"{what}: relative difference {difference}");
    }
}
