using static TorchSharp.torch;

namespace LST.Core.Tests;

public class NativeLibraryTests
{
    [Fact]
    public void Libtorch_loads_and_differentiates_in_bfloat16()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new float[] { 1, 2, 3 }).to(bfloat16).requires_grad_();

        (x * x).sum().backward();

        Assert.Equal([2f, 4f, 6f], x.grad!.to(float32).data<float>().ToArray());
    }
}
