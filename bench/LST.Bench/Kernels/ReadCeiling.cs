using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LST.Core.Attention.Cpu.Vectors;

namespace LST.Bench.Kernels;

/// <summary>How fast this machine reads memory when it does nothing else: the ceiling of every decode kernel.</summary>
internal static unsafe class ReadCeiling
{
    private const int PartFloats = 64 * 1024;

    private static readonly int[] PrefetchDistances = [0, 2048, 4096, 8192];

    /// <summary>Bandwidth of reading <paramref name="megabytes"/> MB once, in GB/s: the best of a few prefetch distances.</summary>
    public static double Measure(WorkerPool pool, int repeats, int megabytes)
    {
        using var buffer = new AlignedBuffer<float>(megabytes * 250_000L / PartFloats * PartFloats);
        new Span<float>(buffer.Pointer, (int)buffer.Length).Fill(1f);
        var parts = (int)(buffer.Length / PartFloats);
        using var sums = new AlignedBuffer<float>(parts);
        return PrefetchDistances.Max(distance =>
        {
            var job = new Job { Data = buffer.Pointer, Sums = sums.Pointer, PrefetchBytes = distance };
            var time = Quantiles.Measure(repeats, () =>
            {
                var copy = job;
                pool.Run(parts, &SumPart, &copy);
            });
            return time.GigabytesPerSecond(buffer.Length * 4.0);
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumPart(void* argument, int part, int worker)
    {
        var job = (Job*)argument;
        var data = job->Data + (nint)part * PartFloats;
        Vector512<float> a = default, b = default, c = default, d = default;
        for (nint i = 0; i < PartFloats; i += 64)
        {
            if (job->PrefetchBytes != 0 && Sse.IsSupported)
            {
                var ahead = (byte*)(data + i) + job->PrefetchBytes;
                Sse.Prefetch0(ahead);
                Sse.Prefetch0(ahead + 64);
                Sse.Prefetch0(ahead + 128);
                Sse.Prefetch0(ahead + 192);
            }

            a += Vector512.Load(data + i);
            b += Vector512.Load(data + i + 16);
            c += Vector512.Load(data + i + 32);
            d += Vector512.Load(data + i + 48);
        }

        job->Sums[part] = Vector512.Sum(a + b + (c + d));
    }

    private struct Job
    {
        public float* Data;
        public float* Sums;
        public int PrefetchBytes;
    }
}
