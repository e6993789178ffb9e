using LST.Core.Attention.Cpu;
using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Tests.Attention.Cpu;

/// <summary>Random queries and segments, in native memory and for the oracle.</summary>
internal sealed unsafe class AttentionCase : IDisposable
{
    private readonly List<IDisposable> _memory = [];

    public AttentionCase(Random random, DecodeAttentionShape shape, int batch, Func<int, SegmentPlan[]> planOfHead, double queryScale = 2)
    {
        (Shape, Batch) = (shape, batch);
        Queries = Keep(Numbers.Random(random, (long)batch * shape.QueryHeads * shape.HeadDim, queryScale));
        Positions = Keep(new AlignedBuffer<int>(batch));
        Table = Keep(new SegmentTable());
        Slots = new List<DecodeAttentionOracle.Slot>[batch * shape.KeyValueHeads];
        for (var head = 0; head < Slots.Length; head++)
        {
            Slots[head] = [];
            foreach (var plan in planOfHead(head)) AddSegment(random, head, plan);
            Table.EndHead();
        }
    }

    public DecodeAttentionShape Shape { get; }

    public int Batch { get; }

    public Numbers Queries { get; }

    public AlignedBuffer<int> Positions { get; }

    public SegmentTable Table { get; }

    public List<DecodeAttentionOracle.Slot>[] Slots { get; }

    /// <summary>Runs the kernel; the output memory holds NaN before.</summary>
    public float[] Run(WorkerPool pool, VectorWidth width = VectorWidth.Sixteen)
    {
        using var attention = new CpuDecodeAttention(pool, Shape, width);
        using var output = new AlignedBuffer<float>(Queries.Values.Length);
        new Span<float>(output.Pointer, Queries.Values.Length).Fill(float.NaN);
        attention.Run(Queries.Floats, Positions.Pointer, Batch, Table, output.Pointer);
        return new Span<float>(output.Pointer, Queries.Values.Length).ToArray();
    }

    public double[] Expected()
    {
        var expected = new List<double>();
        for (var row = 0; row < Batch * Shape.QueryHeads; row++)
        {
            var query = Queries.Values.AsSpan(row * Shape.HeadDim, Shape.HeadDim).ToArray();
            var sample = row / Shape.QueryHeads;
            expected.AddRange(DecodeAttentionOracle.Attend(query, Slots[row / Shape.GroupSize], Positions.Pointer[sample], Shape.SlidingWindow));
        }

        return [.. expected];
    }

    public void Dispose() => _memory.ForEach(m => m.Dispose());

    private void AddSegment(Random random, int head, SegmentPlan plan)
    {
        var d = Shape.HeadDim;
        var keys = Keep(Numbers.Random(random, (long)plan.Length * d, 1, Shape.Type));
        var values = Keep(Numbers.Random(random, (long)plan.Length * d, 1, Shape.Type));
        var bias = plan.HiddenShare is null ? null : Keep(Numbers.Random(random, plan.Length));
        var positions = plan.ShuffledPositions ? Keep(new AlignedBuffer<int>(Math.Max(1, plan.Length))) : null;
        for (var j = 0; j < plan.Length; j++)
        {
            var position = positions is null ? plan.FirstPosition + j : plan.FirstPosition + random.Next(2 * plan.Length);
            if (positions is not null) positions.Pointer[j] = position;
            if (bias is not null && random.NextDouble() < plan.HiddenShare) bias.Floats[j] = float.NegativeInfinity;
            Slots[head].Add(new DecodeAttentionOracle.Slot(
                keys.Values.AsSpan(j * d, d).ToArray(), values.Values.AsSpan(j * d, d).ToArray(), bias is null ? 0 : bias.Floats[j], position));
        }

        Table.Add(new KvSegment(
            keys.Pointer, values.Pointer, plan.Length, plan.FirstPosition, bias is null ? null : bias.Floats, positions is null ? null : positions.Pointer));
    }

    private T Keep<T>(T memory)
        where T : IDisposable
    {
        _memory.Add(memory);
        return memory;
    }
}

/// <summary>A segment to be made up; <see cref="HiddenShare"/> null: no bias, else the share of slots with bias −∞.</summary>
internal sealed record SegmentPlan(int Length, int FirstPosition = 0, double? HiddenShare = null, bool ShuffledPositions = false);
