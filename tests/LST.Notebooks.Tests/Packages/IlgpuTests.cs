using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace LST.Notebooks.Tests.Packages;

public class IlgpuTests
{
    private static void SumOfSquaresByWarp(ArrayView<float> input, ArrayView<float> sums)
    {
        var index = Grid.GlobalIndex.X;
        var value = index < input.Length ? input[index] * input[index] : 0f;
        for (var offset = Warp.WarpSize / 2; offset > 0; offset /= 2) value += Warp.ShuffleDown(value, offset);
        if (Warp.LaneIdx == 0) Atomic.Add(ref sums[Grid.IdxX], value);
    }

    [Fact]
    public void A_kernel_with_warp_shuffles_runs_on_the_processor_accelerator()
    {
        using var context = Context.Create(builder => builder.CPU(CPUDeviceKind.Nvidia));
        using var accelerator = context.CreateCPUAccelerator(0);
        using var input = accelerator.Allocate1D(Enumerable.Range(1, 100).Select(i => (float)i).ToArray());
        using var sums = accelerator.Allocate1D<float>(2);
        sums.MemSetToZero();
        var kernel = accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>>(SumOfSquaresByWarp);

        kernel(new KernelConfig(2, 64), input.View.BaseView, sums.View.BaseView);
        accelerator.Synchronize();

        // 1² + … + 64² and 65² + … + 100²: whole numbers below 2^24, so exact in any order.
        Assert.Equal([89440f, 248910f], sums.GetAsArray1D());
    }
}
