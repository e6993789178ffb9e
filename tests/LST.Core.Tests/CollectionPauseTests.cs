using static TorchSharp.torch;

namespace LST.Core.Tests;

/// <summary>Pauses are the process's: what is asked of them must not depend on the tests beside.</summary>
[CollectionDefinition(nameof(PausesAlone), DisableParallelization = true)]
public sealed class PausesAlone;

[Collection(nameof(PausesAlone))]
public class CollectionPauseTests
{
    [Fact]
    public void No_collection_happens_inside_nested_pauses()
    {
        using var outer = CollectionPause.Begin();
        using (CollectionPause.Begin())
        {
        }
        if (System.Runtime.GCSettings.LatencyMode != System.Runtime.GCLatencyMode.NoGCRegion) Assert.Skip("other tests used up the budget of the shared pause");
        var before = GC.CollectionCount(0);
        Allocate();

        if (System.Runtime.GCSettings.LatencyMode != System.Runtime.GCLatencyMode.NoGCRegion) Assert.Skip("other tests used up the budget of the shared pause");
        Assert.Equal(before, GC.CollectionCount(0));
    }

    [Fact]
    public void A_pause_that_used_up_its_budget_ends_quietly()
    {
        using (CollectionPause.Begin())
        {
            for (var i = 0; i < 30; i++) GC.KeepAlive(new byte[10 << 20]);
            GC.Collect();
        }
        using var again = CollectionPause.Begin();
    }

    [Fact]
    public void Garbage_of_many_pauses_does_not_pile_up()
    {
        var before = GC.CollectionCount(1);

        for (var pause = 0; pause < 40; pause++)
        {
            using (CollectionPause.Begin())
                for (var i = 0; i < 1000; i++) GC.KeepAlive(new byte[10_000]);
        }

        Assert.True(GC.CollectionCount(1) > before, "400 MB of garbage brought about no collection");
    }

    [Fact]
    public void Numbers_of_native_calls_survive_pressure_from_other_threads()
    {
        var stop = 0;
        var pressure = new Thread(() => { while (Volatile.Read(ref stop) == 0) GC.KeepAlive(new byte[2_000]); });
        using var noGradients = no_grad();
        using var one = ones(8);
        pressure.Start();
        try
        {
            for (var round = 0; round < 20; round++)
            {
                using var pause = CollectionPause.Begin();
                for (var i = 0; i < 200; i++)
                {
                    using var sum = zeros(8);
                    sum.add_(one);
                    sum.mul_(0.5);
                    Assert.Equal(0.5f, sum[0].item<float>());
                }
            }
        }
        finally
        {
            Volatile.Write(ref stop, 1);
            pressure.Join();
        }
    }

    private static void Allocate()
    {
        for (var i = 0; i < 1000; i++) GC.KeepAlive(new byte[1000]);
    }
}
