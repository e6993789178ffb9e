using CsCheck;
using LST.Core.Compression;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Compression;

public class SelectionTests
{
    [Fact]
    public void Equal_scores_go_to_the_lower_index() => Gen.Select(Gen.Int[0, 3].Array[1, 40], Gen.Int[0, 40]).Sample((scores, count) =>
    {
        using var scope = NewDisposeScope();
        var expected = Enumerable.Range(0, scores.Length).OrderByDescending(j => scores[j]).ThenBy(j => j).Take(count).Order();

        Assert.Equal(expected, Selection.Top(tensor(scores).unsqueeze(0), [count])[0]);
    }, iter: 200, threads: 1);

    [Fact]
    public void Every_row_gets_its_own_count()
    {
        using var scope = NewDisposeScope();
        var scores = tensor(new float[] { 3, 1, 2, 0, 5, 4 }, 2, 3);

        var kept = Selection.Top(scores, [1, 2]);

        Assert.Equal([0], kept[0]);
        Assert.Equal([1, 2], kept[1]);
    }

    [Fact]
    public void Gathers_the_rows_of_each_head()
    {
        using var scope = NewDisposeScope();
        var keys = tensor(new NormalNumbers(1).Array(2 * 5 * 4), 2, 5, 4);
        var values = tensor(new NormalNumbers(2).Array(2 * 5 * 4), 2, 5, 4);
        var config = TinyModels.Mha with { KeyValueHeads = 2, QueryHeads = 2, HeadDim = 4 };
        var layer = new LayerContext { Layer = 0, Config = config, Rotary = new Core.Models.RotaryEmbedding(config), Keys = keys, Values = values };

        using var gathered = Selection.Gather(layer, [[1, 4], [0, 2, 3]]);

        Assert.Equal([0, 2, 5], gathered.Offsets.ToArray());
        Assert.Equal([1, 4, 0, 2, 3], gathered.Positions.ToArray());
        Assert.False(gathered.PositionsShared);
        Assert.Equal(PlainNumbers.Of(stack([keys[0, 1], keys[0, 4], keys[1, 0], keys[1, 2], keys[1, 3]])), PlainNumbers.Of(gathered.Keys));
        Assert.Equal(PlainNumbers.Of(stack([values[0, 1], values[0, 4], values[1, 0], values[1, 2], values[1, 3]])), PlainNumbers.Of(gathered.Values));
    }

    [Theory]
    [InlineData(4, 8, 20, 4, 8)]
    [InlineData(4, 8, 12, 4, 8)]
    [InlineData(4, 8, 9, 4, 5)]
    [InlineData(4, 8, 3, 3, 0)]
    [InlineData(0, 0, 1, 0, 0)]
    public void Recents_give_way_first_then_sinks(int sinks, int recent, int slots, int keptSinks, int keptRecent) =>
        Assert.Equal((keptSinks, keptRecent), Protected.Clamp(sinks, recent, slots));
}
