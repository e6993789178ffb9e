using LST.Core.Attention.Cpu.Vectors;

namespace LST.Core.Tests.Attention.Cpu;

public unsafe class WorkerPoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Runs_every_part_once_with_a_valid_worker(int workers)
    {
        using var pool = new WorkerPool(workers);
        using var counts = new AlignedBuffer<int>(300);
        for (var round = 0; round < 400; round++)
        {
            var parts = round % 37;
            new Span<int>(counts.Pointer, 300).Clear();
            var argument = new Argument { Counts = counts.Pointer, Workers = workers };

            pool.Run(parts, &Count, &argument);

            Assert.False(argument.WorkerOutOfRange);
            for (var part = 0; part < 300; part++) Assert.Equal(part < parts ? 1 : 0, counts.Pointer[part]);
        }
    }

    [Fact]
    public void Wakes_sleeping_workers_again_and_again()
    {
        using var pool = new WorkerPool(3);
        using var counts = new AlignedBuffer<int>(300);
        for (var round = 1; round <= 15; round++)
        {
            Thread.Sleep(2);
            var argument = new Argument { Counts = counts.Pointer, Workers = 3 };
            pool.Run(9, &Count, &argument);
            for (var part = 0; part < 9; part++) Assert.Equal(round, counts.Pointer[part]);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Rethrows_the_exception_of_a_part_and_stays_usable(int workers)
    {
        using var pool = new WorkerPool(workers);
        for (var round = 0; round < 20; round++)
        {
            var exception = Assert.Throws<InvalidDataException>(() => pool.Run(8, &ThrowInPartFive, null));
            Assert.Equal("part 5", exception.Message);
        }

        using var counts = new AlignedBuffer<int>(8);
        var argument = new Argument { Counts = counts.Pointer, Workers = workers };
        pool.Run(8, &Count, &argument);
        Assert.Equal([1, 1, 1, 1, 1, 1, 1, 1], new Span<int>(counts.Pointer, 8).ToArray());
    }

    [Fact]
    public void Refuses_a_run_inside_a_run()
    {
        using var pool = new WorkerPool(2);
        var handle = System.Runtime.InteropServices.GCHandle.Alloc(pool);
        try
        {
            Assert.Throws<InvalidOperationException>(() => pool.Run(4, &Nest, (void*)System.Runtime.InteropServices.GCHandle.ToIntPtr(handle)));
        }
        finally
        {
            handle.Free();
        }
    }

    [Fact]
    public void Refuses_a_run_after_dispose_and_may_be_disposed_twice()
    {
        var pool = new WorkerPool(2);
        pool.Dispose();
        pool.Dispose();

        Assert.Throws<ObjectDisposedException>(() => pool.Run(2, &ThrowInPartFive, null));
    }

    [Fact]
    public void Refuses_fewer_workers_than_one() => Assert.Throws<ArgumentOutOfRangeException>(() => new WorkerPool(0));

    [Fact]
    public void Allocates_nothing_for_a_run()
    {
        using var pool = new WorkerPool(2);
        using var counts = new AlignedBuffer<int>(300);
        var argument = new Argument { Counts = counts.Pointer, Workers = 2 };
        for (var i = 0; i < 50; i++) pool.Run(10, &Count, &argument);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) pool.Run(10, &Count, &argument);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Count(void* argument, int part, int worker)
    {
        var typed = (Argument*)argument;
        Interlocked.Increment(ref typed->Counts[part]);
        if (worker < 0 || worker >= typed->Workers) typed->WorkerOutOfRange = true;
    }

    private static void ThrowInPartFive(void* argument, int part, int worker)
    {
        if (part == 5) throw new InvalidDataException("part 5");
    }

    private static void Nest(void* argument, int part, int worker)
    {
        var pool = (WorkerPool)System.Runtime.InteropServices.GCHandle.FromIntPtr((nint)argument).Target!;
        pool.Run(2, &ThrowInPartFive, null);
    }

    private struct Argument
    {
        public int* Counts;
        public int Workers;
        public bool WorkerOutOfRange;
    }
}
