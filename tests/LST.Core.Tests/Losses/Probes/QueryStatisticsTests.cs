using LST.Core.Losses.Probes;
using static TorchSharp.torch;

namespace LST.Core.Tests.Losses.Probes;

public class QueryStatisticsTests
{
    [Fact]
    public void Two_queries_give_the_numbers_written_out_by_hand()
    {
        using var scope = NewDisposeScope();
        using var builder = new QueryStatisticsBuilder(1, 2, 1e-9);
        // (3, 4) and (5, 12): mean (4, 8), norms 5 and 13, covariance (1 4; 4 16) = L·Lᵀ with L = (1 0; 4 0).
        builder.Add(LossTensors.Of([3, 4], 1, 1, 2));
        builder.Add(LossTensors.Of([5, 12], 1, 1, 2));

        using var statistics = builder.Build();

        Assert.Equal(2, builder.Count);
        Assert.Equal([4, 8], PlainNumbers.Of(statistics.Mean));
        Assert.Equal([9], PlainNumbers.Of(statistics.MeanNorm));
        Assert.InRange(PlainNumbers.Distance(PlainNumbers.Of(statistics.Factor), [1, 0, 4, 0]), 0, 1e-3);
    }

    [Fact]
    public void Sequences_add_up_to_what_one_long_one_gives()
    {
        using var scope = NewDisposeScope();
        var queries = ProbeCases.Correlated(1, 60);
        using var whole = new QueryStatisticsBuilder(ProbeCases.QueryHeads, ProbeCases.Width);
        using var parts = new QueryStatisticsBuilder(ProbeCases.QueryHeads, ProbeCases.Width);

        whole.Add(queries);
        foreach (var (start, count) in new[] { (0, 1), (1, 40), (41, 19) }) parts.Add(queries.narrow(1, start, count));

        using var a = whole.Build();
        using var b = parts.Build();
        foreach (var (first, second) in a.NamedTensors().Zip(b.NamedTensors())) Assert.InRange(PlainNumbers.Distance(first.Tensor, second.Tensor), 0, 1e-6);
    }

    [Fact]
    public void The_factor_squares_to_the_covariance_of_naive_loops_plus_ridge()
    {
        using var scope = NewDisposeScope();
        // A mean of 1e5 beside a spread of 1: sums of squares in float32 would lose the covariance altogether.
        var queries = LossTensors.Normal(1, 2, 50, 4) + 1e5;
        using var builder = new QueryStatisticsBuilder(2, 4, 0.01);
        builder.Add(queries);

        using var statistics = builder.Build();

        var factor = PlainNumbers.Heads(statistics.Factor);
        var rows = PlainNumbers.Heads(queries);
        for (var head = 0; head < 2; head++)
        {
            double Mean(int c) => rows[head].Average(r => r[c]);
            double Covariance(int i, int j) => rows[head].Average(r => (r[i] - Mean(i)) * (r[j] - Mean(j)));
            var ridge = 0.01 * Enumerable.Range(0, 4).Average(c => Covariance(c, c));
            for (var i = 0; i < 4; i++)
                for (var j = 0; j < 4; j++) Assert.Equal(Covariance(i, j) + (i == j ? ridge : 0), PlainNumbers.Dot(factor[head][i], factor[head][j]), 1e-5);
        }
    }

    [Fact]
    public void Equal_queries_and_too_few_still_have_a_factor()
    {
        using var scope = NewDisposeScope();
        using var builder = new QueryStatisticsBuilder(2, 8);
        builder.Add(ones(2, 3, 8));

        using var statistics = builder.Build();

        Assert.All(PlainNumbers.Of(statistics.Factor), x => Assert.True(double.IsFinite(x)));
    }

    [Fact]
    public void Named_tensors_come_back_bit_for_bit_and_as_copies()
    {
        using var scope = NewDisposeScope();
        using var saved = ProbeCases.Statistics();
        var named = saved.NamedTensors("layers.3.queries.").ToDictionary(pair => pair.Name, pair => pair.Tensor);

        using var loaded = QueryStatistics.FromNamed(named, "layers.3.queries.");

        Assert.Equal(["layers.3.queries.mean", "layers.3.queries.factor", "layers.3.queries.norm"], named.Keys);
        foreach (var (before, after) in saved.NamedTensors().Zip(loaded.NamedTensors()))
        {
            Assert.Equal(PlainNumbers.Bits(before.Tensor), PlainNumbers.Bits(after.Tensor));
            Assert.NotEqual(before.Tensor.Handle, after.Tensor.Handle);
        }
    }

    [Fact]
    public void A_missing_or_misshapen_tensor_is_refused_in_a_sentence()
    {
        using var scope = NewDisposeScope();
        var named = new Dictionary<string, Tensor> { ["mean"] = zeros(2, 4), ["factor"] = zeros(2, 4, 3) };

        Assert.Equal("query statistics need the tensor 'norm', which is missing; calibrate again", Assert.Throws<DataException>(() => QueryStatistics.FromNamed(named)).Message);
        named["norm"] = zeros(2);
        Assert.StartsWith("query statistics '*' do not fit together (factor: expected [H_q, D, D] = [2, 4, 4], got [2, 4, 3]", Assert.Throws<DataException>(() => QueryStatistics.FromNamed(named)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_queries_of_another_shape_a_ridge_of_nothing_and_no_queries_at_all()
    {
        using var scope = NewDisposeScope();
        using var builder = new QueryStatisticsBuilder(2, 4);

        Assert.StartsWith("preRopeQueries: expected [H_q, T, D] = [2, any, 4]", Assert.Throws<ArgumentException>(() => builder.Add(zeros(4, 3, 2))).Message, StringComparison.Ordinal);
        Assert.StartsWith("ridge: expected a finite number above 0", Assert.Throws<ArgumentException>(() => new QueryStatisticsBuilder(2, 4, 0)).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => builder.Build());
    }
}
