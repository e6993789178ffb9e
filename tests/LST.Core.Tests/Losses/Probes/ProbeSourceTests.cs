using LST.Core.Losses.Probes;
using static TorchSharp.torch;

namespace LST.Core.Tests.Losses.Probes;

public class ProbeSourceTests
{
    public static TheoryData<string> Names => [.. ProbeSources.All.Select(source => source.Name)];

    [Fact]
    public void Names_are_those_of_the_conventions_in_any_case()
    {
        Assert.Equal("isotropic, rescaled, gaussian, prefix, repeat", ProbeSources.KnownNames);
        Assert.IsType<GaussianProbes>(ProbeSources.Parse("Gaussian"));
    }

    [Fact]
    public void An_unknown_name_is_one_sentence_that_lists_the_known()
    {
        var refused = Assert.Throws<UsageException>(() => ProbeSources.Parse("uniform"));

        Assert.Equal("probes 'uniform' are not known; known: isotropic, rescaled, gaussian, prefix, repeat", refused.Message);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Equal_states_give_equal_bits_whatever_the_global_seed(string name)
    {
        using var scope = NewDisposeScope();
        var context = ProbeCases.Full();
        using var generator = new Generator(9);
        var state = generator.get_state();

        manual_seed(1);
        var first = ProbeSources.Parse(name).Draw(context, 5, generator);
        var next = ProbeSources.Parse(name).Draw(context, 5, generator);
        manual_seed(2);
        generator.set_state(state);
        var again = ProbeSources.Parse(name).Draw(context, 5, generator);

        Assert.Equal([ProbeCases.QueryHeads, 5L, ProbeCases.Width], first.shape);
        Assert.Equal(PlainNumbers.Bits(first), PlainNumbers.Bits(again));
        Assert.NotEqual(PlainNumbers.Bits(first), PlainNumbers.Bits(next));
        Assert.Equal(PlainNumbers.Bits(first), PlainNumbers.Bits(ProbeCases.Draw(name, context, 5, 9)));
        context.Statistics!.Dispose();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Asks_for_what_it_needs_in_a_sentence_and_for_no_more(string name)
    {
        using var scope = NewDisposeScope();
        var full = ProbeCases.Full();
        var source = ProbeSources.Parse(name);
        var bare = full with { PreRopeQueries = null, RepeatQueries = null, Statistics = null };
        var enough = bare with
        {
            PreRopeQueries = source.Needs.HasFlag(ProbeNeeds.PreRopeQueries) ? full.PreRopeQueries : null,
            RepeatQueries = source.Needs.HasFlag(ProbeNeeds.RepeatQueries) ? full.RepeatQueries : null,
            Statistics = source.Needs.HasFlag(ProbeNeeds.Statistics) ? full.Statistics : null,
        };

        Assert.Equal(5, ProbeCases.Draw(name, enough, 5, 1).shape[1]);
        if (source.Needs != ProbeNeeds.None) Assert.Contains("layer 3", Assert.Throws<ArgumentException>(() => ProbeCases.Draw(name, bare, 5, 1)).Message, StringComparison.Ordinal);
        Assert.StartsWith("count: expected at least 1 probe, got 0", Assert.Throws<ArgumentException>(() => ProbeCases.Draw(name, full, 0, 1)).Message, StringComparison.Ordinal);
        Assert.StartsWith("horizon: expected at least 1", Assert.Throws<ArgumentException>(() => ProbeCases.Draw(name, full with { Horizon = 0 }, 5, 1)).Message, StringComparison.Ordinal);
        full.Statistics!.Dispose();
    }

    [Fact]
    public void Queries_of_other_heads_are_refused()
    {
        using var scope = NewDisposeScope();
        var context = ProbeCases.Full();

        var refused = Assert.Throws<ArgumentException>(() => ProbeCases.Draw("prefix", context with { PreRopeQueries = zeros(2, 20, 16) }, 5, 1));

        Assert.StartsWith("preRopeQueries: expected [H_q, T, D] = [6, any, 16], got [2, 20, 16]", refused.Message, StringComparison.Ordinal);
        context.Statistics!.Dispose();
    }

    [Fact]
    public void Isotropic_probes_have_mean_zero_and_unit_covariance()
    {
        using var scope = NewDisposeScope();
        var context = ProbeCases.Full();
        const int Count = 20_000;

        var probes = ProbeCases.Draw("isotropic", context, Count, 1).to(float64);

        // Standard errors are 0.007 and 0.010 at the most; 0.06 is six of them.
        var covariance = matmul(probes.transpose(1, 2), probes) / Count;
        Assert.InRange(probes.mean([1]).abs().max().item<double>(), 0, 0.06);
        Assert.InRange((covariance - eye(ProbeCases.Width, dtype: float64)).abs().max().item<double>(), 0, 0.08);
        context.Statistics!.Dispose();
    }

    [Theory]
    [InlineData(1, 0.7978845608028654)]     // √(2/π)
    [InlineData(2, 1.2533141373155003)]     // √(π/2)
    [InlineData(3, 1.5957691216057308)]     // 2·√(2/π)
    [InlineData(4, 1.8799712059732503)]     // 3/2·√(π/2)
    public void The_expected_norm_of_a_normal_vector_is_the_known_one(int dimensions, double expected) => Assert.Equal(expected, RescaledProbes.ExpectedNorm(dimensions), 12);

    [Fact]
    public void Rescaled_probes_are_as_long_as_real_queries_and_point_anywhere()
    {
        using var scope = NewDisposeScope();
        var context = ProbeCases.Full();

        var probes = ProbeCases.Draw("rescaled", context, 20_000, 1).to(float64);

        var quotient = probes.square().sum(-1).sqrt().mean([1]) / context.Statistics!.MeanNorm.to(float64);
        Assert.InRange((quotient - 1).abs().max().item<double>(), 0, 0.01);
        Assert.InRange((probes.mean([1]).abs().amax([1]) / context.Statistics.MeanNorm).max().item<double>(), 0, 0.02);
        context.Statistics.Dispose();
    }

    [Fact]
    public void Gaussian_probes_have_the_fitted_mean_and_covariance_before_their_turn()
    {
        using var scope = NewDisposeScope();
        // A horizon of one: every probe stands at position 20 and can be turned back.
        var context = ProbeCases.Full() with { Horizon = 1 };
        const int Count = 40_000;

        var probes = ProbeCases.Draw("gaussian", context, Count, 1).to(float64);

        var (cos, sin) = ProbeCases.Rotary.Tables([ProbeCases.Tokens]);
        var rows = LST.Core.Models.RotaryEmbedding.Rotate(probes, cos, -sin);
        var statistics = context.Statistics!;
        var mean = rows.mean([1]);
        var centred = rows - mean.unsqueeze(1);
        var covariance = matmul(centred.transpose(1, 2), centred) / Count;
        var factor = statistics.Factor.to(float64);
        var expected = matmul(factor, factor.transpose(1, 2));
        // In units of a head's own variance, standard errors are below 0.008 and 0.010.
        var variance = expected.diagonal(0, -2, -1).amax([1]);
        Assert.InRange(((mean - statistics.Mean).abs().amax([1]) / variance.sqrt()).max().item<double>(), 0, 0.06);
        Assert.InRange(((covariance - expected).abs().amax([1, 2]) / variance).max().item<double>(), 0, 0.08);
        statistics.Dispose();
    }

    [Fact]
    public void Prefix_probes_are_queries_of_the_prefix_turned_to_future_positions()
    {
        using var scope = NewDisposeScope();
        var context = ProbeCases.Full();
        const int Count = 60;

        var probes = PlainNumbers.Heads(ProbeCases.Draw("prefix", context, Count, 1));

        var queries = PlainNumbers.Heads(context.PreRopeQueries!);
        HashSet<int> positions = [], rows = [];
        for (var i = 0; i < Count; i++)
        {
            // Found for head 0, the position of probe i holds for all heads; the rows are each head's own.
            var position = Enumerable.Range(ProbeCases.Tokens, ProbeCases.Horizon).Single(p => Row(probes[0][i], queries[0], p) >= 0);
            positions.Add(position);
            for (var head = 0; head < ProbeCases.QueryHeads; head++)
            {
                var row = Row(probes[head][i], queries[head], position);
                Assert.True(row >= 0, $"probe {i} of head {head} is no query of the prefix at position {position}");
                rows.Add(head * 100 + row);
            }
        }
        Assert.Equal(ProbeCases.Horizon, positions.Count);
        Assert.True(rows.Count > ProbeCases.QueryHeads * ProbeCases.Tokens * 3 / 4, $"only {rows.Count} rows were drawn");
        context.Statistics!.Dispose();
    }

    [Fact]
    public void Repeat_probes_are_the_captured_queries_as_they_are()
    {
        using var scope = NewDisposeScope();
        var context = ProbeCases.Full();

        var probes = PlainNumbers.Heads(ProbeCases.Draw("repeat", context, 40, 1));

        var queries = PlainNumbers.Heads(context.RepeatQueries!);
        for (var head = 0; head < ProbeCases.QueryHeads; head++)
            Assert.All(probes[head], probe => Assert.Contains(queries[head], query => query.SequenceEqual(probe)));
        context.Statistics!.Dispose();
    }

    [Fact]
    public void Half_typed_queries_become_float32_probes_without_gradients()
    {
        using var scope = NewDisposeScope();
        var full = ProbeCases.Full();
        var context = full with { PreRopeQueries = full.PreRopeQueries!.to(bfloat16).requires_grad_() };

        var probes = ProbeCases.Draw("prefix", context, 5, 1);

        Assert.Equal(float32, probes.dtype);
        Assert.False(probes.requires_grad);
        full.Statistics!.Dispose();
    }

    // Index of the query that a probe is when turned back from a position, or −1.
    private static int Row(double[] probe, double[][] queries, int position)
    {
        var plain = NaiveRotation.Turn(probe, -position, ProbeCases.Rotary.InverseFrequencies);
        return Array.FindIndex(queries, query => PlainNumbers.Distance(query, plain) < 1e-4);
    }
}
