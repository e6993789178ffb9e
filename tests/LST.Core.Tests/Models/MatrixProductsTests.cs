using CsCheck;
using LST.Core.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace LST.Core.Tests.Models;

public sealed class MatrixProductsTests
{
    private static readonly Gen<(int Rows, int Inputs, int Outputs, bool Biased, int Seed)> Shapes = Gen.Select(Gen.Int[1, 20], Gen.Int[1, 70], Gen.Int[1, 40], Gen.Bool, Gen.Int[0, 1 << 20]);

    [Fact]
    public void A_widened_product_is_rounded_once() => Shapes.Sample(shape =>
    {
        using var scope = NewDisposeScope();
        foreach (var (type, ulp) in new[] { (bfloat16, Math.Pow(2, -8)), (float16, Math.Pow(2, -11)) })
        {
            var (x, weight, bias) = Random(shape, type);
            var exact = nn.functional.linear(x.to(float64), weight.to(float64), bias?.to(float64));
            var product = MatrixProducts.Widened(x, weight, bias);

            Assert.Equal(type, product.dtype);
            Assert.Equal([2, shape.Rows, shape.Outputs], product.shape);
            // Half a step of the type, and what 70 float32 sums of numbers about 1 add.
            Assert.True(((product.to(float64) - exact).abs() <= ulp * exact.abs() + 1e-4).all().ToBoolean(), $"{type}");
        }
    }, iter: 50, threads: 1);

    [Fact]
    public void Products_of_any_type_agree_with_libtorch_and_keep_gradients() => Shapes.Sample(shape =>
    {
        using var scope = NewDisposeScope();
        foreach (var type in new[] { float32, float64, bfloat16, float16 })
        {
            var (x, weight, bias) = Random(shape, type);
            using (no_grad())
                Assert.True(MatrixProducts.Linear(x, weight, bias).to(float64).allclose(nn.functional.linear(x.to(float64), weight.to(float64), bias?.to(float64)), rtol: 0.02, atol: 0.1), $"{type}");
            Assert.True(MatrixProducts.Linear(x.requires_grad_(), weight, bias).requires_grad);
        }
    }, iter: 20, threads: 1);

    [Fact]
    public void Only_16_bit_rows_without_gradients_are_widened_and_only_where_it_pays()
    {
        using var scope = NewDisposeScope();
        using (no_grad())
        {
            Assert.True(MatrixProducts.Widens(zeros(2, 4, 3, dtype: bfloat16), isSlow: true));
            Assert.True(MatrixProducts.Widens(zeros(8, 3, dtype: float16), isSlow: true));
            Assert.False(MatrixProducts.Widens(zeros(7, 3, dtype: bfloat16), isSlow: true));
            Assert.False(MatrixProducts.Widens(zeros(8, 3, dtype: float32), isSlow: true));
            Assert.False(MatrixProducts.Widens(zeros(8, 3, dtype: bfloat16), isSlow: false));
        }
        using (enable_grad()) Assert.False(MatrixProducts.Widens(zeros(8, 3, dtype: bfloat16), isSlow: true));
        Assert.False(MatrixProducts.IsSlow(float32));
    }

    private static (Tensor X, Tensor Weight, Tensor? Bias) Random((int Rows, int Inputs, int Outputs, bool Biased, int Seed) shape, ScalarType type)
    {
        using var generator = new Generator((ulong)shape.Seed);
        Tensor Of(params long[] size) => randn(size, generator: generator).to(type);
        return (Of(2, shape.Rows, shape.Inputs), Of(shape.Outputs, shape.Inputs), shape.Biased ? Of(shape.Outputs) : null);
    }
}
