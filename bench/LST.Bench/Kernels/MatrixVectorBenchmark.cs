using LST.Core.Attention.Cpu.Vectors;
using LST.Core.Models.Decoding;
using TorchSharp;
using static TorchSharp.torch;

namespace LST.Bench.Kernels;

/// <summary>Matrix-vector products against torch's linear on the same memory.</summary>
internal static unsafe class MatrixVectorBenchmark
{
    /// <summary>Copies of a weight are read in turn, so that they come from memory and not from a cache.</summary>
    private const long ColdBytes = 256_000_000;

    private static readonly (string Name, int Rows, int Columns)[] Shapes =
    [
        ("lst-ref q/k/v/o", 256, 256), ("lst-ref gate/up", 704, 256), ("lst-ref down", 256, 704), ("lst-ref head", 8192, 256),
        ("smollm2 q/o", 576, 576), ("smollm2 k/v", 192, 576), ("smollm2 gate/up", 1536, 576), ("smollm2 down", 576, 1536),
        ("smollm2 head", 49152, 576), ("7B q/k/v/o", 4096, 4096), ("7B down", 4096, 11008),
    ];

    public static void Run(WorkerPool pool, int repeats, double ceiling)
    {
        Console.WriteLine($"{"shape",-18}{"dtype",-10}{"B",3}  {"LST",-34}{"GB/s",7}{"of ceiling",11}   {"torch linear",-34}{"GB/s",7}{"speed-up",9}");
        foreach (var (name, rows, columns) in Shapes)
            foreach (var type in new[] { ElementType.Float32, ElementType.BFloat16, ElementType.Float16 })
                foreach (var batch in type == ElementType.BFloat16 ? new[] { 1, 4, 16 } : [1])
                    Compare(pool, repeats, ceiling, name, rows, columns, type, batch);
    }

    private static void Compare(WorkerPool pool, int repeats, double ceiling, string name, int rows, int columns, ElementType type, int batch)
    {
        using var scope = NewDisposeScope();
        var scalar = type switch { ElementType.Float32 => ScalarType.Float32, ElementType.BFloat16 => ScalarType.BFloat16, _ => ScalarType.Float16 };
        var bytes = (long)rows * columns * scalar.ElementSize();
        var copies = (int)Math.Clamp(ColdBytes / bytes, 1, 512);
        var all = (randn(copies, rows, columns) * 0.02).to(scalar);
        var weights = Enumerable.Range(0, copies).Select(i => all[i]).ToArray();
        var x = randn(batch, columns);
        var typedX = x.to(scalar);
        using var output = new AlignedBuffer<float>((long)rows * batch);
        var pointers = weights.Select(w => (nint)TensorMemory.Pointer(w)).ToArray();
        var input = (float*)TensorMemory.Pointer(x);

        var turn = 0;
        var ours = Quantiles.Measure(repeats, () =>
        {
            var matrix = new WeightMatrix((void*)pointers[turn++ % copies], type, rows, columns);
            MatrixVector.Multiply(pool, new Projection(matrix, output.Pointer), input, batch);
        });
        Thread.Sleep(50);
        var theirs = Quantiles.Measure(repeats, () =>
        {
            using var y = nn.functional.linear(typedX, weights[turn++ % copies]);
        });
        var (own, torch) = (ours.GigabytesPerSecond(bytes), theirs.GigabytesPerSecond(bytes));
        Console.WriteLine(
            FormattableString.Invariant(
                $"{name,-18}{type,-10}{batch,3}  {ours,-34}{own,7:F1}{own / ceiling,11:P0}   {theirs,-34}{torch,7:F1}{theirs.Median / ours.Median,8:F2}x"));
    }
}
