using LST.Core.Attention.Cpu.Vectors;
using LST.Core.Models.Decoding;

namespace LST.Bench.Kernels;

/// <summary>Whole decode steps of both models with random weights, and how much of them is not reading memory.</summary>
internal static unsafe class StepBenchmark
{
    public static void Run(WorkerPool pool, int repeats, double ceiling)
    {
        Console.WriteLine(FormattableString.Invariant($"an empty run of the pool takes {EmptyRun(pool):F2} µs"));
        Console.WriteLine($"{"step",-10}{"dtype",-10}{"cache",6}{"B",3}  {"time",-38}{"tokens/s",9}{"MB read",9}{"GB/s",7}{"of ceiling",11}");
        foreach (var (name, config, lengths) in new[] { ("lst-ref", ModelShapes.LstRef, new[] { 64, 1536 }), ("smollm2", ModelShapes.SmolLm2, [64, 2048]) })
            foreach (var type in new[] { ElementType.Float32, ElementType.BFloat16, ElementType.Float16 })
                using (var memory = new RandomWeights(config, type))
                    foreach (var length in lengths)
                        foreach (var batch in type == ElementType.BFloat16 ? new[] { 1, 8 } : [1])
                            Measure(pool, repeats, ceiling, name, memory, type, length, batch);
    }

    private static void Measure(WorkerPool pool, int repeats, double ceiling, string name, RandomWeights memory, ElementType type, int length, int batch)
    {
        var config = memory.Config;
        using var step = new DecodeStep(pool, config, memory.Weights, type, batch);
        using var cache = new BlockDecodeCache(config, batch, type);
        var zeros = stackalloc float[batch * config.KeyValueHeads * config.HeadDim];
        new Span<float>(zeros, batch * config.KeyValueHeads * config.HeadDim).Clear();
        for (var t = 0; t < length; t++)
            for (var l = 0; l < config.Layers; l++)
                cache.Append(l, zeros, zeros);
        var ids = new long[batch];
        var positions = new long[batch];
        var time = Quantiles.Measure(repeats, () =>
        {
            Array.Fill(positions, cache.Length);
            step.Run(ids, positions, cache);
            for (var b = 0; b < batch; b++) ids[b] = step.ArgMax(b);
        });
        var bytes = memory.Weights.BytesPerStep + cache.BytesPerStep;
        Console.WriteLine(
            FormattableString.Invariant(
                $"{name,-10}{type,-10}{length,6}{batch,3}  {time,-38}{batch * 1e6 / time.Median,9:F0}{bytes / 1e6,9:F1}{time.GigabytesPerSecond(bytes),7:F1}{time.GigabytesPerSecond(bytes) / ceiling,11:P0}"));
    }

    private static double EmptyRun(WorkerPool pool)
    {
        var times = Quantiles.Measure(200, () =>
        {
            for (var i = 0; i < 100; i++) pool.Run(2 * pool.Workers, &Nothing, null);
        });
        return times.Median / 100;
    }

    private static void Nothing(void* argument, int part, int worker)
    {
    }
}
