using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Baselines;

public class RandomSelectionTests
{
    [Fact]
    public void The_draw_follows_from_seed_layer_and_head_and_nothing_else()
    {
        using var scope = NewDisposeScope();

        Assert.Equal(Kept("random:seed=1", layer: 0, content: 1), Kept("random:seed=1", layer: 0, content: 2));
        Assert.NotEqual(Kept("random:seed=1", layer: 0, content: 1), Kept("random:seed=2", layer: 0, content: 1));
        Assert.NotEqual(Kept("random:seed=1", layer: 0, content: 1), Kept("random:seed=1", layer: 1, content: 1));
        Assert.NotEqual(Kept("random:seed=1", layer: 0, content: 1)[0], Kept("random:seed=1", layer: 0, content: 1)[1]);
    }

    [Fact]
    public void Every_token_of_the_middle_is_drawn_about_equally_often()
    {
        using var scope = NewDisposeScope();
        var times = new int[60];
        for (var seed = 0; seed < 200; seed++)
            foreach (var head in Kept($"random:seed={seed}", layer: 0, content: 1))
                foreach (var token in head) times[token]++;

        // 400 draws of 18 among 48: mean 150, standard deviation 9.7. The draw is a fixed hash: these numbers never change.
        Assert.All(times[4..52], count => Assert.InRange(count, 150 - 45, 150 + 45));
        Assert.All(times[..4].Concat(times[52..]), count => Assert.Equal(400, count));
    }

    private static int[][] Kept(string method, int layer, int content)
    {
        var config = TinyModels.Mha with { KeyValueHeads = 2, QueryHeads = 2, HeadDim = 2 };
        var rows = tensor(new NormalNumbers(content).Array(2 * 60 * 2), 2, 60, 2);
        var context = new LayerContext { Layer = layer, Config = config, Rotary = new RotaryEmbedding(config), Keys = rows, Values = rows };
        using var compressor = MethodSpec.Parse(method).Create();
        using var compressed = compressor.Compress(context, compressor.Plan(new PlanContext(60, 2, 2, Ratio.Of(2))).Layers[layer]);
        return [RandomLayer.Kept(compressed, 0), RandomLayer.Kept(compressed, 1)];
    }
}
