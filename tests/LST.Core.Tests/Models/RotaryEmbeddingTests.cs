using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Models;

public class RotaryEmbeddingTests
{
    [Fact]
    public void Turns_pairs_that_lie_half_a_head_apart()
    {
        using var scope = NewDisposeScope();
        var rotary = new RotaryEmbedding(TinyModels.Mha);
        var x = tensor(new NormalNumbers(1).Array(8 * 5), 5, 8);
        long[] positions = [0, 3, 77, 1000, -12];
        var (cos, sin) = rotary.Tables(positions);

        var (rows, turned) = (PlainNumbers.Heads(x.unsqueeze(0))[0], PlainNumbers.Heads(RotaryEmbedding.Rotate(x, cos, sin).unsqueeze(0))[0]);

        for (var t = 0; t < positions.Length; t++) Assert.InRange(PlainNumbers.Distance(NaiveRotation.Turn(rows[t], positions[t], rotary.InverseFrequencies), turned[t]), 0, 2e-4);
    }

    [Theory]
    [InlineData(0, 1), InlineData(17, 1), InlineData(40, 512), InlineData(40, 9)]
    public void The_mean_tables_are_the_means_of_the_tables(long first, int count)
    {
        using var scope = NewDisposeScope();
        var rotary = new RotaryEmbedding(TinyModels.Gqa);
        var (cos, sin) = rotary.Tables([.. Enumerable.Range(0, count).Select(t => first + t)]);
        rotary.MeanTables(first + 1, count);

        var (meanCos, meanSin) = rotary.MeanTables(first, count);

        Assert.InRange(PlainNumbers.Distance(cos.mean([0]), meanCos), 0, 1e-6);
        Assert.InRange(PlainNumbers.Distance(sin.mean([0]), meanSin), 0, 1e-6);
    }

    [Fact]
    public void A_turn_back_undoes_a_turn()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new NormalNumbers(2).Array(8 * 3), 3, 8);
        var (cos, sin) = new RotaryEmbedding(TinyModels.Mha).Tables([5, 60, 400]);

        Assert.InRange(PlainNumbers.Distance(x, RotaryEmbedding.Rotate(RotaryEmbedding.Rotate(x, cos, sin), cos, -sin)), 0, 1e-6);
    }

    [Fact]
    public void Logits_depend_on_the_distance_alone()
    {
        using var scope = NewDisposeScope();
        var rotary = new RotaryEmbedding(TinyModels.Gqa);
        var (q, k) = (tensor(new NormalNumbers(3).Array(16), 1, 16), tensor(new NormalNumbers(4).Array(16), 1, 16));
        Tensor At(Tensor x, long position)
        {
            var (cos, sin) = rotary.Tables([position]);
            return RotaryEmbedding.Rotate(x, cos, sin);
        }

        Assert.InRange(PlainNumbers.Distance(At(q, 40).mm(At(k, 33).t()), At(q, 207).mm(At(k, 200).t())), 0, 1e-4);
    }
}
