using LST.Core.Losses;
using static TorchSharp.torch;

namespace LST.Core.Tests.Losses;

public class FullCacheAlignmentTests
{
    private const double Infinity = double.PositiveInfinity;

    // Two query heads of one KV head and so on: H_q = 6, H_kv = 2, Q = 3, T = 7, n = 4, D = 4.
    private static readonly Tensor Queries = Fixed(1, 6, 3, 4), Keys = Fixed(2, 2, 7, 4), Values = Fixed(3, 2, 7, 4), SuperKeys = Fixed(4, 2, 4, 4), SuperValues = Fixed(5, 2, 4, 4);
    private static readonly double[][] Bias = [[0.5, -1, 2, 0.1], [0, 0.3, -Infinity, -Infinity]];

    private static Tensor Fixed(ulong seed, params long[] shape) => LossTensors.Normal(seed, shape).DetachFromDisposeScope();

    private static Tensor BiasTensor => LossTensors.Of([.. Bias.SelectMany(b => b)], 2, 4);

    public static TheoryData<double, AlignmentNormalization> Settings => new()
    {
        { 0, AlignmentNormalization.None }, { 0, AlignmentNormalization.Relative }, { 0.3, AlignmentNormalization.None }, { 0.3, AlignmentNormalization.Relative },
    };

    [Fact]
    public void One_probe_on_two_tokens_gives_the_number_written_out_by_hand()
    {
        using var scope = NewDisposeScope();
        // D = 1, q = 1; logits 0 and log 3 → weights ¼ and ¾, output ¼·4 + ¾·8 = 7, lse = log 4. One super-token: output 5, lse = 2 + log 2.
        var (q, k, v) = (LossTensors.Of([1], 1, 1, 1), LossTensors.Of([0, Math.Log(3)], 1, 2, 1), LossTensors.Of([4, 8], 1, 2, 1));
        var (superKey, superValue, bias) = (LossTensors.Of([2], 1, 1, 1), LossTensors.Of([5], 1, 1, 1), LossTensors.Of([Math.Log(2)], 1, 1));
        double Of(AlignmentSettings settings) => QueryProbingAttentionAlignment.FullCache(q, k, v, superKey, superValue, bias, settings).item<double>();

        Assert.Equal(4, Of(new AlignmentSettings()), 12);
        Assert.Equal(4.0 / 49, Of(new AlignmentSettings { Normalization = AlignmentNormalization.Relative }), 12);
        Assert.Equal(4 + 0.5 * Math.Pow(2 - Math.Log(2), 2), Of(new AlignmentSettings { LogSumExpWeight = 0.5 }), 12);
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Equals_naive_loops_with_grouped_heads_bias_and_padding(double logSumExpWeight, AlignmentNormalization normalization)
    {
        using var scope = NewDisposeScope();
        var settings = new AlignmentSettings { LogSumExpWeight = logSumExpWeight, Normalization = normalization };

        var biased = QueryProbingAttentionAlignment.FullCache(Queries, Keys, Values, SuperKeys, SuperValues, BiasTensor, settings).item<double>();
        var plain = QueryProbingAttentionAlignment.FullCache(Queries, Keys, Values, SuperKeys, SuperValues, null, settings).item<double>();
        var narrow = QueryProbingAttentionAlignment.FullCache(Queries.to(float32), Keys.to(float32), Values.to(float32), SuperKeys.to(float32), SuperValues.to(float32), BiasTensor.to(float32), settings);

        var expected = NaiveAlignment.FullCache(Queries, Keys, Values, SuperKeys, SuperValues, Bias, settings);
        Assert.Equal(expected, biased, 1e-12);
        Assert.Equal(NaiveAlignment.FullCache(Queries, Keys, Values, SuperKeys, SuperValues, null, settings), plain, 1e-12);
        Assert.Equal(float32, narrow.dtype);
        Assert.Equal(expected, narrow.item<float>(), 1e-5);
    }

    [Theory]
    [MemberData(nameof(Settings))]
    public void Gradients_of_keys_values_and_bias_are_those_of_differences(double logSumExpWeight, AlignmentNormalization normalization)
    {
        using var scope = NewDisposeScope();
        var settings = new AlignmentSettings { LogSumExpWeight = logSumExpWeight, Normalization = normalization };

        LossTensors.CheckGradients(x => QueryProbingAttentionAlignment.FullCache(Queries, Keys, Values, x[0], x[1], x[2], settings), SuperKeys, SuperValues, BiasTensor);
    }

    [Fact]
    public void Gradients_reach_every_real_slot_and_no_padding()
    {
        using var scope = NewDisposeScope();
        var (keys, values, bias) = (SuperKeys.clone().requires_grad_(), SuperValues.clone().requires_grad_(), BiasTensor.requires_grad_());

        QueryProbingAttentionAlignment.FullCache(Queries, Keys, Values, keys, values, bias, new AlignmentSettings { LogSumExpWeight = 1 }).backward();

        bool[] real = [.. Bias.SelectMany(b => b).Select(b => b > -Infinity)];
        foreach (var gradient in new[] { keys.grad!.abs().sum(-1), values.grad!.abs().sum(-1), bias.grad!.abs() })
            Assert.Equal(real, PlainNumbers.Of(gradient).Select(size => size > 1e-9));
    }

    [Fact]
    public void The_dense_cache_itself_costs_nothing()
    {
        using var scope = NewDisposeScope();

        var loss = QueryProbingAttentionAlignment.FullCache(Queries, Keys, Values, Keys, Values, null, new AlignmentSettings { LogSumExpWeight = 1 });

        Assert.InRange(loss.item<double>(), 0, 1e-28);
    }

    [Fact]
    public void Two_equal_tokens_are_one_super_token_with_bias_log_two()
    {
        using var scope = NewDisposeScope();
        var (keys, values) = (Keys.narrow(1, 0, 1), Values.narrow(1, 0, 1));

        var loss = QueryProbingAttentionAlignment.FullCache(Queries, keys.repeat(1, 2, 1), values.repeat(1, 2, 1), keys, values, full([2, 1], Math.Log(2), float64), new AlignmentSettings { LogSumExpWeight = 1 });

        Assert.InRange(loss.item<double>(), 0, 1e-28);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2 * 7 * 8 * 4)]         // 4 of 9 rows a block
    public void Blocks_of_probes_make_no_difference_to_the_dense_side(long logitBytes)
    {
        using var scope = NewDisposeScope();
        var rows = QueryProbingAttentionAlignment.Grouped(Queries, 2, float64);

        var (output, logSumExp) = FullCacheAlignment.Dense(rows, Keys, Values, logitBytes);

        var logits = matmul(rows, Keys.transpose(1, 2));
        Assert.InRange(PlainNumbers.Distance(matmul(logits.softmax(-1), Values), output), 0, 1e-12);
        Assert.InRange(PlainNumbers.Distance(logits.logsumexp(-1), logSumExp), 0, 1e-12);
    }

    [Fact]
    public void A_head_whose_dense_output_vanishes_stays_finite_when_relative()
    {
        using var scope = NewDisposeScope();
        var values = SuperValues.clone().requires_grad_();

        var loss = QueryProbingAttentionAlignment.FullCache(Queries, Keys, zeros_like(Values), SuperKeys, values, null, new AlignmentSettings { Normalization = AlignmentNormalization.Relative });
        loss.backward();

        Assert.True(double.IsFinite(loss.item<double>()));
        Assert.All(PlainNumbers.Of(values.grad!), g => Assert.True(double.IsFinite(g)));
    }

    [Fact]
    public void Refuses_shapes_that_do_not_fit_in_a_sentence()
    {
        using var scope = NewDisposeScope();
        var settings = new AlignmentSettings();
        static string Refused(Action act) => Assert.Throws<ArgumentException>(act).Message;

        Assert.StartsWith("queries: expected a multiple of 2 key/value heads, got 3", Refused(() => QueryProbingAttentionAlignment.FullCache(Fixed(1, 3, 2, 4), Keys, Values, SuperKeys, SuperValues, null, settings)), StringComparison.Ordinal);
        Assert.StartsWith("queries: expected [H_q, Q, D] = [any, any, 4], got [6, 3, 5]", Refused(() => QueryProbingAttentionAlignment.FullCache(Fixed(1, 6, 3, 5), Keys, Values, SuperKeys, SuperValues, null, settings)), StringComparison.Ordinal);
        Assert.StartsWith("compressedValues: expected", Refused(() => QueryProbingAttentionAlignment.FullCache(Queries, Keys, Values, SuperKeys, Keys, null, settings)), StringComparison.Ordinal);
        Assert.StartsWith("bias: expected [H_kv, n] = [2, 4], got [4, 2]", Refused(() => QueryProbingAttentionAlignment.FullCache(Queries, Keys, Values, SuperKeys, SuperValues, zeros(4, 2), settings)), StringComparison.Ordinal);
        Assert.StartsWith("settings: expected a finite weight", Refused(() => QueryProbingAttentionAlignment.FullCache(Queries, Keys, Values, SuperKeys, SuperValues, null, settings with { LogSumExpWeight = -1 })), StringComparison.Ordinal);
    }
}
