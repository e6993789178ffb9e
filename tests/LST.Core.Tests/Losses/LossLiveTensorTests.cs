using LST.Core.Losses;
using LST.Core.Losses.Probes;
using LST.Core.Tests.Losses.Probes;
using TorchSharp;
using static TorchSharp.torch;

namespace LST.Core.Tests.Losses;

/// <summary>A loss leaves its own scalar behind and nothing else, with or without a backward pass.</summary>
public class LossLiveTensorTests
{
    private static long Live => DisposeScopeManager.Statistics.ThreadTotalLiveCount;

    [Fact]
    public void Every_loss_keeps_the_live_count_level()
    {
        using var scope = NewDisposeScope();
        Tensor Rows(params long[] shape) => LossTensors.Normal(1, shape).to(float32);
        var (logits, targets, queries) = (Rows(5, 9).requires_grad_(), zeros(5, int64), Rows(4, 3, 8));
        var (keys, windows, mask) = (Rows(2, 6, 8).requires_grad_(), Rows(2, 3, 2, 8).requires_grad_(), ones([3, 2], ScalarType.Bool));
        var settings = new AlignmentSettings { LogSumExpWeight = 1, Normalization = AlignmentNormalization.Relative, Weighting = WindowWeighting.MassWeighted };
        Func<Tensor>[] losses =
        [
            () => LanguageModelLoss.CrossEntropy(logits, targets, ones(5)),
            () => LanguageModelLoss.DivergenceFromDense(logits, zeros(5, 9)),
            () => QueryProbingAttentionAlignment.FullCache(queries, keys, keys, keys, keys, zeros(2, 6), settings),
            () => QueryProbingAttentionAlignment.PerWindow(queries, windows, windows, mask, windows, windows, zeros(2, 3, 2), settings),
            .. Enum.GetValues<DiversityKind>().Select(kind => (Func<Tensor>)(() => Diversity.Of(keys, keys, new DiversitySettings { Kind = kind }, keys, keys))),
        ];

        foreach (var loss in losses)
        {
            var before = Live;
            using (NewDisposeScope()) loss().backward();
            Assert.Equal(before, Live);
        }
    }

    [Fact]
    public void A_loss_outside_of_scopes_leaves_one_tensor()
    {
        var keys = LossTensors.Normal(1, 2, 6, 8);
        var before = Live;

        var loss = Diversity.Of(keys, keys, new DiversitySettings());
        var between = Live;
        loss.Dispose();

        Assert.Equal(before + 1, between);
        Assert.Equal(before, Live);
        keys.Dispose();
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void The_path_without_a_graph_leaves_its_gradient_alone(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var (hidden, head, targets) = (zeros([5, 4], dtype), ones([9, 4], dtype), zeros(5, int64));
        var before = Live;

        var found = LanguageModelLoss.Evaluate(hidden, head, targets, hidden, 1, 1);
        var between = Live;
        found.Dispose();

        Assert.Equal(before + 1, between);
        Assert.Equal(before, Live);
    }

    [Fact]
    public void Probes_and_statistics_keep_the_live_count_level()
    {
        var before = Live;

        using (NewDisposeScope())
        {
            var context = ProbeCases.Full();
            foreach (var source in ProbeSources.All) ProbeCases.Draw(source.Name, context, 4, 1);
            using var copy = QueryStatistics.FromNamed(context.Statistics!.NamedTensors().ToDictionary(pair => pair.Name, pair => pair.Tensor));
            context.Statistics!.Dispose();
        }

        Assert.Equal(before, Live);
    }
}
