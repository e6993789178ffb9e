using CsCheck;
using LST.Core.Caching;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Caching;

/// <summary>Slots written behind those of every head.</summary>
public class CompressedLayerGrowthTests
{
    private const int Heads = 2, Width = 3;

    [Fact]
    public void Appended_slots_stand_behind_those_of_their_head_whatever_the_lengths() =>
        Gen.Select(Gen.Int[0, 9].Array[4], Gen.Int[1, 5].Array[1, 9], Gen.Bool, Gen.Int[0, 1000]).Sample((lengths, portions, startsWithBias, seed) =>
        {
            using var scope = NewDisposeScope();
            var normal = new NormalNumbers(seed);
            var lists = new Lists(lengths, normal, startsWithBias);
            using var layer = lists.Layer();
            foreach (var portion in portions) lists.Append(layer, portion, normal);

            lists.Same(layer);
            var padded = layer.Padded();
            Assert.Equal([2, Heads, layer.LongestLength, Width], padded.Keys.shape);
            Assert.False(padded.Keys.isnan().any().item<bool>());
            for (var i = 0; i < 4; i++)
                Assert.Equal(0, PlainNumbers.Distance([.. lists.Keys[i].SelectMany(row => row.Select(x => (double)x))], PlainNumbers.Of(padded.Keys[i / Heads][i % Heads].narrow(0, 0, lists.Keys[i].Count))));
        }, iter: 80, threads: 1);

    [Fact]
    public void Dropped_slots_make_room_for_new_ones_without_moving_any()
    {
        using var scope = NewDisposeScope();
        var normal = new NormalNumbers(3);
        var lists = new Lists([5, 7, 6, 5], normal, true);
        using var layer = lists.Layer();
        var rows = layer.Keys.shape[0];
        layer.Padded();

        layer.DropLast(4);
        for (var i = 0; i < 4; i++) lists.Shorten(i, 4);
        lists.Same(layer);
        lists.Append(layer, 4, normal);

        lists.Same(layer);
        Assert.Equal(rows, layer.Keys.shape[0]);
        Assert.Equal(layer.LongestLength, layer.Padded().Keys.shape[2]);
    }

    [Fact]
    public void Rows_move_seldom_and_few_are_spare()
    {
        using var scope = NewDisposeScope();
        var normal = new NormalNumbers(3);
        var lists = new Lists([0, 0, 0, 0], normal, false);
        using var layer = CompressedLayer.Empty(2, Heads, Width, float32, CPU);
        var (moves, rows) = (0, 0L);
        for (var t = 0; t < 640; t++)
        {
            lists.Append(layer, 1, normal);
            if (layer.Keys.shape[0] != rows) (moves, rows) = (moves + 1, layer.Keys.shape[0]);
        }

        lists.Same(layer);
        Assert.InRange(moves, 1, 80);
        Assert.InRange(rows, 4 * 640, 4 * 640 * 17 / 16 + 16);
        Assert.Equal((2 * rows * Width * 4) + (4 * rows) + (4 * rows / Heads), layer.Bytes);
        Assert.Equal(layer.Bytes, layer.BytesOf(0) + layer.BytesOf(1));
    }

    [Fact]
    public void Lists_of_other_layers_are_not_written()
    {
        using var scope = NewDisposeScope();
        int[] positions = [0, 1, 2, 3, 0, 1, 2, 3];
        float[] counts = [.. Enumerable.Repeat(1f, 8)];
        using var layer = new CompressedLayer(1, 2, zeros(8, Width), zeros(8, Width), [0, 4, 8], positions, counts: counts).Detached();

        layer.DropLast(2);
        layer.Append(ones(2, 1, Width), ones(2, 1, Width), null, [[9]], [5]);

        Assert.Equal([0, 1, 2, 3, 0, 1, 2, 3], positions);
        Assert.All(counts, count => Assert.Equal(1, count));
        Assert.Equal(9, layer.Positions[2]);
        Assert.Null(layer.Bias);
    }

    [Fact]
    public void Joined_layers_keep_their_spare_rows_apart()
    {
        using var scope = NewDisposeScope();
        CompressedLayer Grown(int slots, float content)
        {
            var layer = CompressedLayer.Empty(1, Heads, Width, float32, CPU);
            layer.Append(full(Heads, slots, Width, content), full(Heads, slots, Width, content), full(Heads, slots, content), [[.. Enumerable.Range(0, slots)]], [.. Enumerable.Repeat(2f, slots)]);
            return layer;
        }
        using var joined = CompressedLayer.Join([Grown(3, 1), Grown(6, 2)]);

        Assert.Equal([3, 6], [joined.Length(0, 1), joined.Length(1, 0)]);
        Assert.Equal(18, joined.Slots);
        var padded = joined.Padded();
        Assert.Equal(1, padded.Keys[0].max().item<float>());
        Assert.Equal(2, padded.Keys[1].min().item<float>());
        Assert.Equal(float.NegativeInfinity, padded.Mask!.cpu()[0, 0, 3].item<float>());
        Assert.Equal(2, padded.Mask.cpu()[1, 1, 5].item<float>());
    }

    [Fact]
    public void Refuses_shapes_that_do_not_fit()
    {
        using var scope = NewDisposeScope();
        using var layer = CompressedLayer.Empty(1, Heads, Width, float32, CPU);

        Assert.Throws<ArgumentException>(() => layer.Append(zeros(3, 1, Width), zeros(3, 1, Width), null, [[0]], [1]));
        Assert.Throws<ArgumentException>(() => layer.Append(zeros(2, 1, Width), zeros(2, 1, Width), zeros(2), [[0]], [1]));
        Assert.Throws<ArgumentException>(() => layer.Append(zeros(2, 1, Width), zeros(2, 1, Width), null, [[0, 1]], [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => layer.DropLast(1));
    }

    /// <summary>The same slots as plain lists, two samples of two heads.</summary>
    private sealed class Lists
    {
        public Lists(int[] lengths, NormalNumbers normal, bool hasBias)
        {
            for (var i = 0; i < 4; i++)
            {
                (Keys[i], Biases[i], Positions[i]) = ([], [], []);
                for (var j = 0; j < lengths[i]; j++) Add(i, normal.Array(Width), hasBias ? normal.Array(1)[0] : 0, j);
            }
        }

        public List<float[]>[] Keys { get; } = new List<float[]>[4];

        private List<float>[] Biases { get; } = new List<float>[4];

        private List<int>[] Positions { get; } = new List<int>[4];

        public CompressedLayer Layer()
        {
            var offsets = new int[5];
            for (var i = 0; i < 4; i++) offsets[i + 1] = offsets[i] + Keys[i].Count;
            var keys = tensor(Keys.SelectMany(head => head.SelectMany(row => row)).ToArray(), offsets[4], Width);
            return new CompressedLayer(2, Heads, keys, keys * 2, offsets, [.. Positions.SelectMany(p => p)], tensor(Biases.SelectMany(b => b).ToArray())).Detached();
        }

        public void Append(CompressedLayer layer, int count, NormalNumbers normal)
        {
            var (rows, bias) = (normal.Array(4L * count * Width), normal.Array(4L * count));
            var start = layer.Slots;
            var keys = tensor(rows, 4, count, Width);
            layer.Append(keys, keys * 2, tensor(bias, 4, count), [[.. Enumerable.Range(start, count)], [.. Enumerable.Range(start + 100, count)]], [.. Enumerable.Repeat(2f, count)]);
            for (var i = 0; i < 4; i++)
                for (var j = 0; j < count; j++)
                    Add(i, rows.AsSpan(((i * count) + j) * Width, Width).ToArray(), bias[(i * count) + j], start + j + (i < Heads ? 0 : 100));
        }

        public void Shorten(int head, int count)
        {
            Keys[head].RemoveRange(Keys[head].Count - count, count);
            Biases[head].RemoveRange(Biases[head].Count - count, count);
            Positions[head].RemoveRange(Positions[head].Count - count, count);
        }

        public void Same(CompressedLayer layer)
        {
            var bias = layer.Bias is null ? null : PlainNumbers.Of(layer.Bias);
            var (keys, values) = (PlainNumbers.Of(layer.Keys), PlainNumbers.Of(layer.Values));
            for (var i = 0; i < 4; i++)
            {
                Assert.Equal(Keys[i].Count, layer.Length(i / Heads, i % Heads));
                for (var j = 0; j < Keys[i].Count; j++)
                {
                    var row = layer.Offsets[i] + j;
                    Assert.Equal(Keys[i][j].Select(x => (double)x), PlainNumbers.Row(keys, row, Width).ToArray());
                    Assert.Equal(Keys[i][j].Select(x => 2.0 * x), PlainNumbers.Row(values, row, Width).ToArray());
                    Assert.Equal((Biases[i][j], Positions[i][j]), ((float)(bias?[row] ?? 0), layer.Positions[row]));
                }
            }
        }

        private void Add(int head, float[] key, float bias, int position)
        {
            Keys[head].Add(key);
            Biases[head].Add(bias);
            Positions[head].Add(position);
        }
    }
}
