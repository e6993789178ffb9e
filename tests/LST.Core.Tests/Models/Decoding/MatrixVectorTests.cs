using LST.Core.Attention.Cpu.Vectors;
using LST.Core.Models.Decoding;
using LST.Core.Tests.Attention.Cpu;

namespace LST.Core.Tests.Models.Decoding;

public unsafe class MatrixVectorTests
{
    [Theory]
    [MemberData(nameof(WidthData.WithTypes), MemberType = typeof(WidthData))]
    public void Agrees_with_doubles_for_any_shape_and_batch(int width, int type)
    {
        var random = new Random(width * 10 + type);
        using var pool = new WorkerPool(2);
        for (var round = 0; round < 30; round++)
        {
            int rows = random.Next(1, 90), columns = random.Next(1, 150), batch = 1 + round % 17;
            using var weight = Numbers.Random(random, (long)rows * columns, 0.1, (ElementType)type);
            using var bias = Numbers.Random(random, rows);
            using var x = Numbers.Random(random, (long)batch * columns);
            using var y = Numbers.Random(random, (long)batch * rows);
            var mode = round % 2 == 0 ? OutputMode.Overwrite : OutputMode.Accumulate;
            var matrix = new WeightMatrix(weight.Pointer, weight.Type, rows, columns, round % 3 == 0 ? null : bias.Floats);

            MatrixVector.Multiply(pool, [new Projection(matrix, y.Floats, mode)], x.Floats, batch, (VectorWidth)width);

            var result = y.Read();
            for (var b = 0; b < batch; b++)
                for (var o = 0; o < rows; o++)
                {
                    double before = mode == OutputMode.Accumulate ? y[b * rows + o] : 0, offset = round % 3 == 0 ? 0 : bias[o];
                    AssertDot([before, offset], weight, o * columns, x, b * columns, columns, result[b * rows + o]);
                }
        }
    }

    [Fact]
    public void Several_projections_in_one_run_give_the_bits_of_single_runs()
    {
        var random = new Random(1);
        using var pool = new WorkerPool(2);
        using var x = Numbers.Random(random, 3 * 576);
        var weights = new[] { 576, 192, 192 }.Select(rows => Numbers.Random(random, rows * 576L, 0.1, ElementType.BFloat16)).ToArray();
        var fused = weights.Select(w => Numbers.Zeros(w.Values.Length / 576 * 3)).ToArray();
        var single = weights.Select(w => Numbers.Zeros(w.Values.Length / 576 * 3)).ToArray();
        Projection Project(int i, Numbers y) => new(new WeightMatrix(weights[i].Pointer, ElementType.BFloat16, weights[i].Values.Length / 576, 576), y.Floats);

        MatrixVector.Multiply(pool, [Project(0, fused[0]), Project(1, fused[1]), Project(2, fused[2])], x.Floats, 3);
        for (var i = 0; i < 3; i++) MatrixVector.Multiply(pool, Project(i, single[i]), x.Floats, 3);

        for (var i = 0; i < 3; i++) Assert.Equal(single[i].Read(), fused[i].Read());
        foreach (var numbers in weights.Concat(fused).Concat(single)) numbers.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Bits_depend_on_neither_the_number_of_workers_nor_the_batch(int type)
    {
        const int Rows = 333, Columns = 203, Batch = 7;
        var random = new Random(type);
        using var weight = Numbers.Random(random, Rows * Columns, 0.1, (ElementType)type);
        using var x = Numbers.Random(random, Batch * Columns);
        using var together = Numbers.Zeros(Batch * Rows);
        using var alone = Numbers.Zeros(Batch * Rows);
        var matrix = new WeightMatrix(weight.Pointer, weight.Type, Rows, Columns);
        using var one = new WorkerPool(1);
        using var four = new WorkerPool(4);

        MatrixVector.Multiply(four, new Projection(matrix, together.Floats), x.Floats, Batch);
        for (var b = 0; b < Batch; b++) MatrixVector.Multiply(one, new Projection(matrix, alone.Floats + b * Rows), x.Floats + b * Columns, 1);

        Assert.Equal(alone.Read(), together.Read());
    }

    [Theory]
    [MemberData(nameof(WidthData.WithTypes), MemberType = typeof(WidthData))]
    public void The_gated_product_is_silu_of_gate_times_up(int width, int type)
    {
        var random = new Random(width * 10 + type);
        using var pool = new WorkerPool(2);
        foreach (var (rows, columns, batch) in new[] { (704, 64, 1), (37, 19, 5), (1, 1, 1), (130, 33, 20) })
        {
            using var gate = Numbers.Random(random, (long)rows * columns, 0.2, (ElementType)type);
            using var up = Numbers.Random(random, (long)rows * columns, 0.2, (ElementType)type);
            using var bias = Numbers.Random(random, rows);
            using var x = Numbers.Random(random, (long)batch * columns);
            using var y = Numbers.Zeros((long)batch * rows);

            MatrixVector.MultiplyGated(
                pool, new WeightMatrix(gate.Pointer, gate.Type, rows, columns, bias.Floats), new WeightMatrix(up.Pointer, up.Type, rows, columns),
                x.Floats, batch, y.Floats, (VectorWidth)width);

            var result = y.Read();
            for (var b = 0; b < batch; b++)
                for (var o = 0; o < rows; o++)
                {
                    double g = bias[o], u = 0;
                    for (var i = 0; i < columns; i++)
                    {
                        g += gate[o * columns + i] * x[b * columns + i];
                        u += up[o * columns + i] * x[b * columns + i];
                    }

                    Assert.Equal(g / (1 + Math.Exp(-g)) * u, result[b * rows + o], 1e-5 * (1 + Math.Abs(g)) * (1 + Math.Abs(u)));
                }
        }
    }

    [Fact]
    public void Infinities_and_not_a_numbers_reach_the_rows_they_belong_to()
    {
        using var pool = new WorkerPool(1);
        foreach (var type in new[] { ElementType.Float32, ElementType.BFloat16 })
        {
            using var weight = Numbers.Of(type, [.. Enumerable.Range(0, 9 * 20).Select(i => i == 25 ? double.PositiveInfinity : i == 47 ? double.NaN : 1.0)]);
            using var x = Numbers.Of([.. Enumerable.Repeat(1.0, 20)]);
            using var y = Numbers.Zeros(9);

            MatrixVector.Multiply(pool, new Projection(new WeightMatrix(weight.Pointer, type, 9, 20), y.Floats), x.Floats, 1);

            Assert.Equal([20f, float.PositiveInfinity, float.NaN, 20f, 20f, 20f, 20f, 20f, 20f], y.Read());
        }
    }

    [Fact]
    public void Half_weights_cover_the_range_of_halves_and_large_inputs()
    {
        using var pool = new WorkerPool(1);
        using var weight = Numbers.Of(ElementType.Float16, [.. Enumerable.Range(0, 64).Select(i => i % 2 == 0 ? 65504.0 : Math.ScaleB(1, -24))]);
        using var x = Numbers.Of([.. Enumerable.Range(0, 64).Select(i => i % 2 == 0 ? 1e12 : -1e12)]);
        using var y = Numbers.Zeros(1);

        MatrixVector.Multiply(pool, new Projection(new WeightMatrix(weight.Pointer, ElementType.Float16, 1, 64), y.Floats), x.Floats, 1);

        AssertDot([], weight, 0, x, 0, 64, y.Read()[0]);
    }

    [Fact]
    public void Refuses_layers_that_cannot_share_an_input()
    {
        using var pool = new WorkerPool(1);
        var wide = new WeightMatrix(null, ElementType.Float32, 4, 8);
        var narrow = new WeightMatrix(null, ElementType.Float32, 4, 7);
        var half = new WeightMatrix(null, ElementType.Float16, 4, 8);

        Assert.Throws<ArgumentException>(() => MatrixVector.Multiply(pool, [new Projection(wide, null), new Projection(narrow, null)], null, 1));
        Assert.Throws<ArgumentException>(() => MatrixVector.Multiply(pool, [new Projection(wide, null), new Projection(half, null)], null, 1));
        Assert.Throws<ArgumentException>(() => MatrixVector.MultiplyGated(pool, wide, half, null, 1, null));
    }

    [Fact]
    public void Allocates_nothing()
    {
        using var pool = new WorkerPool(2);
        using var weight = Numbers.Random(new Random(1), 256 * 256, 0.1, ElementType.BFloat16);
        using var x = Numbers.Zeros(256);
        using var y = Numbers.Zeros(256);
        var matrix = new WeightMatrix(weight.Pointer, weight.Type, 256, 256);
        Both(50);

        var before = GC.GetAllocatedBytesForCurrentThread();
        Both(20);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        return;

        void Both(int times)
        {
            for (var i = 0; i < times; i++)
            {
                MatrixVector.Multiply(pool, [new Projection(matrix, y.Floats), new Projection(matrix, y.Floats)], x.Floats, 1);
                MatrixVector.MultiplyGated(pool, matrix, matrix, x.Floats, 1, y.Floats);
            }
        }
    }

    /// <summary>Rounding of a float32 dot product is bounded by the sum of its terms' sizes.</summary>
    private static void AssertDot(double[] terms, Numbers weight, int w, Numbers x, int i, int columns, float actual)
    {
        double sum = terms.Sum(), size = terms.Sum(Math.Abs);
        for (var c = 0; c < columns; c++)
        {
            sum += weight[w + c] * x[i + c];
            size += Math.Abs(weight[w + c] * x[i + c]);
        }

        Assert.True(Math.Abs(sum - actual) <= size * 1e-6 + 1e-30, $"row {w / columns} of {columns} columns: expected {sum} (terms {size}), got {actual}");
    }
}
