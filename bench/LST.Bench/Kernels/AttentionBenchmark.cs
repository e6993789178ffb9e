using LST.Core.Attention.Cpu;
using LST.Core.Attention.Cpu.Vectors;
using static TorchSharp.torch;

namespace LST.Bench.Kernels;

/// <summary>Decode attention over packed slots against torch's fused attention on the same memory.</summary>
internal static unsafe class AttentionBenchmark
{
    private const long ColdBytes = 256_000_000;

    private static readonly (string Name, int Heads, int Group, int HeadDim)[] Shapes =
        [("lst-ref", 4, 1, 64), ("smollm2", 3, 3, 64), ("Llama-3-8B", 8, 4, 128)];

    public static void Run(WorkerPool pool, int repeats, double ceiling)
    {
        Console.WriteLine($"{"attention",-14}{"dtype",-10}{"slots",6}  {"LST",-34}{"GB/s",7}{"of ceiling",11}   {"torch attention",-34}{"GB/s",7}{"speed-up",9}");
        foreach (var (name, heads, group, headDim) in Shapes)
            foreach (var type in new[] { ElementType.Float32, ElementType.BFloat16, ElementType.Float16 })
                foreach (var slots in new[] { 256, 2048, 8192 })
                    Compare(pool, repeats, ceiling, name, new DecodeAttentionShape(heads, group, headDim, type), slots);
    }

    private static void Compare(WorkerPool pool, int repeats, double ceiling, string name, DecodeAttentionShape shape, int slots)
    {
        using var scope = NewDisposeScope();
        var scalar = shape.Type switch { ElementType.Float32 => ScalarType.Float32, ElementType.BFloat16 => ScalarType.BFloat16, _ => ScalarType.Float16 };
        var bytes = 2L * shape.KeyValueHeads * slots * shape.RowBytes;
        var copies = (int)Math.Clamp(ColdBytes / bytes, 1, 256);
        var keys = randn(copies, shape.KeyValueHeads, slots, shape.HeadDim).to(scalar);
        var values = randn(copies, shape.KeyValueHeads, slots, shape.HeadDim).to(scalar);
        var query = randn(1, shape.KeyValueHeads, shape.GroupSize, shape.HeadDim);
        var typedQuery = query.to(scalar);
        var layers = Enumerable.Range(0, copies).Select(i => (Keys: keys[i].unsqueeze(0), Values: values[i].unsqueeze(0))).ToArray();
        using var attention = new CpuDecodeAttention(pool, shape);
        using var table = new SegmentTable();
        using var output = new AlignedBuffer<float>(shape.QueryHeads * shape.HeadDim);
        byte* k = (byte*)TensorMemory.Pointer(keys), v = (byte*)TensorMemory.Pointer(values);
        var q = (float*)TensorMemory.Pointer(query);

        var turn = 0;
        var ours = Quantiles.Measure(repeats, () =>
        {
            var first = (nint)(turn++ % copies) * shape.KeyValueHeads * slots * shape.RowBytes;
            table.Clear();
            for (var h = 0; h < shape.KeyValueHeads; h++)
            {
                var offset = first + (nint)h * slots * shape.RowBytes;
                table.Add(new KvSegment(k + offset, v + offset, slots, 0));
                table.EndHead();
            }

            attention.Run(q, null, 1, table, output.Pointer);
        });
        Thread.Sleep(50);
        var theirs = Quantiles.Measure(repeats, () =>
        {
            var (layerKeys, layerValues) = layers[turn++ % copies];
            using var y = nn.functional.scaled_dot_product_attention(typedQuery, layerKeys, layerValues);
        });
        var (own, torch) = (ours.GigabytesPerSecond(bytes), theirs.GigabytesPerSecond(bytes));
        Console.WriteLine(
            FormattableString.Invariant(
                $"{name,-14}{shape.Type,-10}{slots,6}  {ours,-34}{own,7:F1}{own / ceiling,11:P0}   {theirs,-34}{torch,7:F1}{theirs.Median / ours.Median,8:F2}x"));
    }
}
