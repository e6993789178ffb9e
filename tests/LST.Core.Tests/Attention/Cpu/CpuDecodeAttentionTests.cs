using LST.Core.Attention.Cpu;
using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Tests.Attention.Cpu;

public unsafe class CpuDecodeAttentionTests
{
    private const double Tolerance = 3e-6;

    [Theory]
    [MemberData(nameof(WidthData.WithTypes), MemberType = typeof(WidthData))]
    public void Agrees_with_doubles_over_ragged_segments_with_bias(int width, int type)
    {
        var random = new Random(width * 10 + type);
        using var pool = new WorkerPool(2);
        foreach (var (headDim, group) in new[] { (64, 3), (64, 1), (128, 4), (8, 5), (80, 2), (66, 7), (256, 2), (2, 1), (96, 9) })
        {
            var shape = new DecodeAttentionShape(2, group, headDim, (ElementType)type);
            using var attention = new AttentionCase(random, shape, batch: 2, head =>
                [new SegmentPlan(head * 40 + 1, HiddenShare: 0.1), new SegmentPlan(16, 100), new SegmentPlan(random.Next(0, 16), 116)]);

            AssertClose(attention.Expected(), attention.Run(pool, (VectorWidth)width), $"D {headDim}, G {group}");
        }
    }

    [Fact]
    public void Agrees_with_doubles_on_long_heads_that_are_cut_into_ranges()
    {
        var random = new Random(1);
        using var pool = new WorkerPool(3);
        foreach (var slots in new[] { 511, 512, 513, 700, 2048, 5000 })
        {
            using var attention = new AttentionCase(random, new DecodeAttentionShape(1, 3, 64, ElementType.BFloat16), batch: 1, _ =>
                [new SegmentPlan(slots * 2 / 3, HiddenShare: 0), .. Enumerable.Range(0, slots / 3 / 50).Select(i => new SegmentPlan(50, 5000 + 50 * i))]);

            AssertClose(attention.Expected(), attention.Run(pool), $"{slots} slots");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(60)]
    [InlineData(100000)]
    public void A_sliding_window_hides_old_slots_by_their_positions(int window)
    {
        var random = new Random(window);
        using var pool = new WorkerPool(2);
        using var attention = new AttentionCase(random, new DecodeAttentionShape(2, 2, 16, ElementType.Float32, window), batch: 2, _ =>
            [new SegmentPlan(300, HiddenShare: 0.3, ShuffledPositions: true), new SegmentPlan(20, 620), new SegmentPlan(7, 640)]);
        attention.Positions.Pointer[0] = 646;
        attention.Positions.Pointer[1] = 630;

        AssertClose(attention.Expected(), attention.Run(pool), $"window {window}");
    }

    [Fact]
    public void A_query_that_sees_no_slot_gets_zeros()
    {
        var random = new Random(2);
        using var pool = new WorkerPool(2);
        using var empty = new AttentionCase(random, new DecodeAttentionShape(2, 2, 16, ElementType.Float32), batch: 1, _ => []);
        using var hidden = new AttentionCase(random, new DecodeAttentionShape(2, 2, 16, ElementType.Float32), batch: 1, _ => [new SegmentPlan(900, HiddenShare: 1)]);
        using var passed = new AttentionCase(random, new DecodeAttentionShape(2, 2, 16, ElementType.Float32, 8), batch: 1, _ => [new SegmentPlan(900)]);
        passed.Positions.Pointer[0] = 5000;

        Assert.All(empty.Run(pool), value => Assert.Equal(0f, value));
        Assert.All(hidden.Run(pool), value => Assert.Equal(0f, value));
        Assert.All(passed.Run(pool), value => Assert.Equal(0f, value));
    }

    [Fact]
    public void Hidden_slots_may_hold_anything()
    {
        using var pool = new WorkerPool(2);
        using var attention = new AttentionCase(new Random(3), new DecodeAttentionShape(1, 2, 16, ElementType.Float32), batch: 1, _ =>
            [new SegmentPlan(200, HiddenShare: 0.4)]);
        var segment = attention.Table[0][0];
        for (var j = 0; j < 200; j++)
        {
            if (!float.IsNegativeInfinity(segment.Bias[j])) continue;
            new Span<float>(segment.Keys + j * 64, 16).Fill(float.NaN);
            new Span<float>(segment.Values + j * 64, 16).Fill(float.PositiveInfinity);
        }

        AssertClose(attention.Expected(), attention.Run(pool), "hidden garbage");
    }

    [Fact]
    public void A_visible_not_a_number_is_not_swallowed()
    {
        using var pool = new WorkerPool(2);
        using var attention = new AttentionCase(new Random(3), new DecodeAttentionShape(1, 1, 64, ElementType.Float16), batch: 1, _ => [new SegmentPlan(90)]);
        ((Half*)attention.Table[0][0].Keys)[70 * 64] = Half.NaN;

        Assert.All(attention.Run(pool), value => Assert.True(float.IsNaN(value)));
    }

    [Fact]
    public void Large_logits_do_not_overflow()
    {
        using var pool = new WorkerPool(2);
        using var attention = new AttentionCase(
            new Random(4), new DecodeAttentionShape(2, 3, 64, ElementType.Float32), batch: 1, _ => [new SegmentPlan(700)], queryScale: 300);

        // Logits of some hundreds: their own rounding moves the weights by about 1e-4.
        AssertClose(attention.Expected(), attention.Run(pool), "large logits", 2e-3);
    }

    [Fact]
    public void One_slot_gives_its_value()
    {
        using var pool = new WorkerPool(2);
        using var attention = new AttentionCase(new Random(5), new DecodeAttentionShape(1, 3, 32, ElementType.BFloat16), batch: 1, _ => [new SegmentPlan(1)]);

        var output = attention.Run(pool);
        for (var i = 0; i < output.Length; i++) Assert.Equal((float)attention.Slots[0][0].Value[i % 32], output[i]);
    }

    [Fact]
    public void Bits_depend_on_neither_the_number_of_workers_nor_the_batch()
    {
        var shape = new DecodeAttentionShape(2, 3, 64, ElementType.BFloat16);
        using var one = new WorkerPool(1);
        using var four = new WorkerPool(4);
        using var attention = new AttentionCase(new Random(6), shape, batch: 3, head => [new SegmentPlan(1500 + 100 * head, HiddenShare: 0.1), new SegmentPlan(33, 9000)]);

        var expected = attention.Run(one);
        Assert.Equal(expected, attention.Run(four));
        Assert.Equal(expected, attention.Run(four));

        using var single = new SegmentTable();
        for (var head = 2; head < 4; head++)
        {
            foreach (var segment in attention.Table[head]) single.Add(segment);
            single.EndHead();
        }

        // The width of the runs above, which is not the best one on every machine.
        using var kernel = new CpuDecodeAttention(four, shape, VectorWidth.Sixteen);
        using var output = new AlignedBuffer<float>(shape.QueryHeads * 64);
        kernel.Run(attention.Queries.Floats + shape.QueryHeads * 64, attention.Positions.Pointer + 1, 1, single, output.Pointer);
        Assert.Equal(expected.AsSpan(shape.QueryHeads * 64, shape.QueryHeads * 64).ToArray(), new Span<float>(output.Pointer, shape.QueryHeads * 64).ToArray());
    }

    [Fact]
    public void Splitting_a_segment_changes_nothing_but_rounding()
    {
        using var pool = new WorkerPool(2);
        using var whole = new AttentionCase(new Random(7), new DecodeAttentionShape(1, 2, 64, ElementType.Float32), batch: 1, _ => [new SegmentPlan(130)]);
        var segment = whole.Table[0][0];
        var expected = whole.Run(pool);

        whole.Table.Clear();
        whole.Table.Add(new KvSegment(segment.Keys, segment.Values, 77, 0));
        whole.Table.Add(new KvSegment(segment.Keys + 77 * 256, segment.Values + 77 * 256, 53, 77));
        whole.Table.EndHead();

        AssertClose([.. expected.Select(v => (double)v)], whole.Run(pool), "split");
    }

    [Fact]
    public void Allocates_nothing_once_its_buffers_have_grown()
    {
        using var pool = new WorkerPool(2);
        using var attention = new AttentionCase(new Random(8), new DecodeAttentionShape(2, 3, 64, ElementType.BFloat16), batch: 1, _ => [new SegmentPlan(1200)]);
        using var kernel = new CpuDecodeAttention(pool, attention.Shape);
        using var output = new AlignedBuffer<float>(attention.Queries.Values.Length);
        for (var i = 0; i < 50; i++) kernel.Run(attention.Queries.Floats, attention.Positions.Pointer, 1, attention.Table, output.Pointer);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 20; i++) kernel.Run(attention.Queries.Floats, attention.Positions.Pointer, 1, attention.Table, output.Pointer);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Refuses_shapes_and_tables_that_cannot_be()
    {
        using var pool = new WorkerPool(1);
        Assert.Throws<ArgumentException>(() => new CpuDecodeAttention(pool, new DecodeAttentionShape(1, 1, 7, ElementType.Float32)));
        Assert.Throws<ArgumentException>(() => new CpuDecodeAttention(pool, new DecodeAttentionShape(1, 1, 8, ElementType.Float32, 0)));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CpuDecodeAttention(pool, new DecodeAttentionShape(0, 1, 8, ElementType.Float32)));
        using var kernel = new CpuDecodeAttention(pool, new DecodeAttentionShape(2, 1, 8, ElementType.Float32));
        using var table = new SegmentTable();
        table.EndHead();

        var exception = Assert.Throws<ArgumentException>(() => kernel.Run(null, null, 1, table, null));
        Assert.Contains("1 × 2 heads, got 1", exception.Message);
    }

    private static void AssertClose(double[] expected, float[] actual, string what, double tolerance = Tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * (1 + Math.Abs(expected[i])), $"{what}: element {i} is {actual[i]}, expected {expected[i]}");
    }
}
