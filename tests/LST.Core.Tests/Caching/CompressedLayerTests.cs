using LST.Core.Caching;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Caching;

public class CompressedLayerTests
{
    [Fact]
    public void Joining_samples_lines_up_their_heads()
    {
        using var scope = NewDisposeScope();
        var (first, second) = (Layer([0, 2, 3], bias: null, seed: 1), Layer([0, 1, 5], bias: [1, 2, 3, 4, 5], seed: 2));
        var (keys, values) = (cat([first.Keys, second.Keys]).clone(), cat([first.Values, second.Values]).clone());

        using var joined = CompressedLayer.Join([first, second]);

        Assert.Equal((2, 2), (joined.Batch, joined.KeyValueHeads));
        Assert.Equal([0, 2, 3, 4, 8], joined.Offsets.ToArray());
        Assert.Equal([2, 1, 1, 4], new[] { joined.Length(0, 0), joined.Length(0, 1), joined.Length(1, 0), joined.Length(1, 1) });
        Assert.Equal([0, 1, 2, 0, 1, 2, 3, 4], joined.Positions.ToArray());
        Assert.Equal([0, 0, 0, 1, 2, 3, 4, 5], PlainNumbers.Of(joined.Bias!));
        Assert.Equal(PlainNumbers.Bits(keys), PlainNumbers.Bits(joined.Keys));
        Assert.Equal(PlainNumbers.Bits(values), PlainNumbers.Bits(joined.Values));
        Assert.True(first.Keys.IsInvalid && second.Values.IsInvalid);
    }

    [Fact]
    public void A_bias_of_zeros_is_not_stored_unless_it_is_being_learned()
    {
        using var scope = NewDisposeScope();
        var (zero, one, none) = (Layer([0, 2, 4], bias: [0, 0, 0, 0], seed: 1), Layer([0, 2, 4], bias: [0, 0, 0, 1e-30f], seed: 1), Layer([0, 2, 4], bias: null, seed: 1));
        using var learned = new CompressedLayer(1, 1, zeros(2, 4), zeros(2, 4), [0, 2], [0, 1], zeros(2, requires_grad: true));

        Assert.Null(zero.Bias);
        Assert.Equal(none.Bytes, zero.Bytes);
        Assert.Equal(none.Bytes + (4 * 4), one.Bytes);
        Assert.NotNull(learned.Bias);
    }

    [Fact]
    public void The_padded_view_of_equal_heads_is_no_copy()
    {
        using var scope = NewDisposeScope();
        using var layer = Layer([0, 3, 6], bias: null, seed: 3);

        var (keys, _, mask) = layer.Padded();
        keys[0, 1, 2].fill_(7);

        Assert.Null(mask);
        Assert.All(PlainNumbers.Of(layer.Keys[5]), x => Assert.Equal(7, x));
    }

    [Fact]
    public void The_padded_view_of_ragged_heads_holds_every_slot_at_its_place()
    {
        using var scope = NewDisposeScope();
        using var layer = Layer([0, 1, 4], bias: [5, 6, 7, 8], seed: 4);

        var (keys, values, mask) = layer.Padded();

        Assert.Equal([1, 2, 3, 4], keys.shape);
        Assert.Equal(PlainNumbers.Of(layer.Keys[0]), PlainNumbers.Of(keys[0, 0, 0]));
        Assert.Equal(PlainNumbers.Of(layer.Values.narrow(0, 1, 3)), PlainNumbers.Of(values[0, 1]));
        Assert.Equal([5, double.NegativeInfinity, double.NegativeInfinity, 6, 7, 8], PlainNumbers.Of(mask!));
    }

    [Fact]
    public void Refuses_shapes_that_do_not_fit()
    {
        using var scope = NewDisposeScope();
        var rows = zeros(3, 4);

        Assert.Contains("offsets", Refused(() => new CompressedLayer(1, 2, rows, rows, [0, 3], [0, 1, 2])));
        Assert.Contains("ascend", Refused(() => new CompressedLayer(1, 2, rows, rows, [0, 4, 3], [0, 1, 2])));
        Assert.Contains("[3, D]", Refused(() => new CompressedLayer(1, 2, zeros(4, 4), zeros(4, 4), [0, 1, 3], [0, 1, 2])));
        Assert.Contains("positions", Refused(() => new CompressedLayer(1, 2, rows, rows, [0, 1, 3], [0, 1])));
        Assert.Contains("bias", Refused(() => new CompressedLayer(1, 2, rows, rows, [0, 1, 3], [0, 1, 2], bias: zeros(2))));
        Assert.Contains("bias", Refused(() => new CompressedLayer(1, 2, rows, rows, [0, 1, 3], [0, 1, 2], bias: zeros(3, ScalarType.BFloat16))));
        Assert.Contains("counts", Refused(() => new CompressedLayer(1, 2, rows, rows, [0, 1, 3], [0, 1, 2], counts: [1])));
    }

    [Fact]
    public void Replacing_a_prefix_frees_the_old_one()
    {
        using var scope = NewDisposeScope();
        using var cache = new KvCache(TinyModels.Mha, 1, float32, CPU);
        var (old, next) = (Layer([0, 1, 2], null, 5), Layer([0, 1, 2], null, 6));
        cache.Layers[0].Replace(old);

        cache.Layers[0].Replace(next);
        cache.Layers[0].Replace(next);

        Assert.True(old.Keys.IsInvalid);
        Assert.False(next.Keys.IsInvalid);
    }

    private static string Refused(Func<CompressedLayer> make) => Assert.Throws<ArgumentException>(make).Message;

    // One sample, two heads, D = 4; positions count up.
    private static CompressedLayer Layer(int[] offsets, float[]? bias, int seed)
    {
        var normal = new NormalNumbers(seed);
        var slots = offsets[^1];
        return new CompressedLayer(1, 2, tensor(normal.Array(4L * slots), slots, 4), tensor(normal.Array(4L * slots), slots, 4), offsets,
            [.. Enumerable.Range(0, slots)], bias is null ? null : tensor(bias)).Detached();
    }
}
