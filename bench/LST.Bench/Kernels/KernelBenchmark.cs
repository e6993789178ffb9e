using System.Runtime.InteropServices;
using LST.Core.Attention.Cpu.Vectors;
using TorchSharp;

namespace LST.Bench.Kernels;

/// <summary>Bandwidth of the CPU kernels of a decode step, beside what the memory can give.</summary>
internal static class KernelBenchmark
{
    public static int Run(string[] args)
    {
        var repeats = Math.Max(50, Number(args, "--repeats", 200));
        var threads = Number(args, "--threads", Environment.ProcessorCount);
        var only = Array.IndexOf(args, "--only") is >= 0 and var at && at + 1 < args.Length ? args[at + 1].Split(',') : null;
        torch.set_num_threads(threads);
        using var pool = new WorkerPool(threads);
        Console.WriteLine(
            $"{threads} threads, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}, vectors of {(int)VectorWidths.Best} floats, "
            + $"torch {torch.__version__}; {repeats} repeats, median [p10, p90]; GB = 1e9 bytes");
        var ceiling = ReadCeiling.Measure(pool, Math.Min(repeats, 50), megabytes: 256);
        using (var single = new WorkerPool(1))
            Console.WriteLine(FormattableString.Invariant(
                $"read ceiling {ceiling:F1} GB/s from memory (one thread {ReadCeiling.Measure(single, 50, 256):F1}), {ReadCeiling.Measure(pool, 200, 16):F1} GB/s from 16 MB in cache"));
        if (Wanted("matvec")) MatrixVectorBenchmark.Run(pool, repeats, ceiling);
        if (Wanted("attention")) AttentionBenchmark.Run(pool, repeats, ceiling);
        if (Wanted("step")) StepBenchmark.Run(pool, repeats, ceiling);
        return 0;

        bool Wanted(string name) => only is null || only.Contains(name);
    }

    private static int Number(string[] args, string name, int fallback) =>
        Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length && int.TryParse(args[at + 1], out var value) && value > 0 ? value : fallback;
}
