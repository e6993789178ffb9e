using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LST.Core.Attention.Cpu.Vectors;

namespace LST.Bench.Kernels;

/// <summary>How fast this machine reads memory when it does nothing else: the ceiling of every decode kernel.</summary>
internal static unsafe class ReadCeiling
{
    private const int PartFloats = 64 * 1024;

    /// <summary>Parts of one measured read, 16 MB: short, so that other programs rarely fall into one.</summary>
    private const int PartsPerRead = 64;

    /// <summary>Ways to read a part: four neighbouring vectors or four streams, with and without prefetch. Which is best depends on the processor.</summary>
    private static readonly Job[] Ways =
    [
        new() { StreamFloats = 16, StepFloats = 64 }, new() { StreamFloats = 16, StepFloats = 64, PrefetchBytes = 4096 },
        new() { StreamFloats = 16, StepFloats = 64, PrefetchBytes = 16384 },
        new() { StreamFloats = PartFloats / 4, StepFloats = 16 }, new() { StreamFloats = PartFloats / 4, StepFloats = 16, PrefetchBytes = 2048 },
    ];

    /// <summary>Bandwidth of reading, in GB/s: the 90th percentile of the best way, over a buffer of <paramref name="megabytes"/> MB that is read in turn.</summary>
    public static double Measure(WorkerPool pool, int repeats, int megabytes)
    {
        var reads = Math.Max(1, (int)(megabytes * 250_000L / (PartFloats * PartsPerRead)));
        using var buffer = new AlignedBuffer<float>((long)reads * PartsPerRead * PartFloats);
        for (var read = 0; read < reads; read++) new Span<float>(buffer.Pointer + (nint)read * PartsPerRead * PartFloats, PartsPerRead * PartFloats).Fill(1f);
        using var sums = new AlignedBuffer<float>(PartsPerRead);
        var turn = 0;
        return Ways.Max(way =>
        {
            var time = Quantiles.Measure(repeats, () =>
            {
                var job = way;
                job.Data = buffer.Pointer + (nint)(turn++ % reads) * PartsPerRead * PartFloats;
                job.Sums = sums.Pointer;
                pool.Run(PartsPerRead, &SumPart, &job);
            });
            return PartsPerRead * PartFloats * 4 / time.P10 / 1e3;
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumPart(void* argument, int part, int worker)
    {
        var job = (Job*)argument;
        nint stream = job->StreamFloats, step = job->StepFloats;
        var data = job->Data + (nint)part * PartFloats;
        Vector512<float> a = default, b = default, c = default, d = default;
        for (nint left = PartFloats; left > 0; left -= 64, data += step)
        {
            if (job->PrefetchBytes != 0 && Sse.IsSupported)
            {
                var ahead = (byte*)data + job->PrefetchBytes;
                Sse.Prefetch1(ahead);
                Sse.Prefetch1(ahead + 4 * stream);
                Sse.Prefetch1(ahead + 8 * stream);
                Sse.Prefetch1(ahead + 12 * stream);
            }

            a += Vector512.Load(data);
            b += Vector512.Load(data + stream);
            c += Vector512.Load(data + 2 * stream);
            d += Vector512.Load(data + 3 * stream);
        }

        job->Sums[part] = Vector512.Sum(a + b + (c + d));
    }

    private struct Job
    {
        public float* Data;
        public float* Sums;
        public int StreamFloats;
        public int StepFloats;
        public int PrefetchBytes;
    }
}
