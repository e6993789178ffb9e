using TorchSharp;
using static TorchSharp.torch;

namespace LST.Notebooks.Tests.Packages;

public class TorchSharpTests
{
    [Fact]
    public void Gradients_of_a_bfloat16_attention_step_match_the_hand_derivation()
    {
        Workbench.Load();
        using var scope = NewDisposeScope();
        // softmax([a, b]) · [u, v] with a - b = ln 3 has weights 3/4 and 1/4; every number below is exact in bfloat16 but ln 3.
        var logits = tensor(new[] { MathF.Log(3), 0f }).to(bfloat16).requires_grad_();
        var values = tensor(new[] { 8f, 4f }).to(bfloat16).requires_grad_();

        var output = (logits.softmax(0) * values).sum();
        output.backward();

        Assert.Equal(ScalarType.BFloat16, output.dtype);
        Assert.Equal(7f, output.ToSingle(), 0.05f);
        Assert.Equal([0.75f, 0.25f], Floats(values.grad!), Within(0.01f));
        // d output / d logit_i = weight_i (value_i - output): 3/4 · 1 and 1/4 · (-3).
        Assert.Equal([0.75f, -0.75f], Floats(logits.grad!), Within(0.03f));
    }

    private static float[] Floats(Tensor tensor) => tensor.to(float32).data<float>().ToArray();

    private static Func<float, float, bool> Within(float tolerance) => (expected, actual) => Math.Abs(expected - actual) <= tolerance;
}
