using LST.Core.Compression;
using LST.Evaluation.Benchmarks.Runs;
using LST.Evaluation.Benchmarks.ZeroShot;
using LST.Evaluation.Tests.Perplexity;

namespace LST.Evaluation.Tests.Benchmarks.ZeroShot;

/// <summary>The model and the sidecar that ship with the project under MC-P.</summary>
public class ShippedSidecarTests(ReferenceModel reference) : IClassFixture<ReferenceModel>
{
    [Fact]
    public void The_shipped_sidecar_compresses_a_context_and_leaves_one_of_BOS_alone_whole()
    {
        using var contexts = new CompressedContexts(reference.Loaded);
        var scorer = new ZeroShotScorer(reference.Loaded, contexts);
        BenchmarkRow[] rows = [new(MethodSpec.Parse("dense"), Ratio.One), new(MethodSpec.Parse("lst"), Ratio.Of(2))];
        var prose = ReferenceModel.Prose.Content;
        Assert.Null(contexts.Missing(rows[1]));

        var long_ = scorer.Score(InventedItems.Item(1, [prose[..600], prose[..600]]), rows, TestContext.Current.CancellationToken);
        var short_ = scorer.Score(InventedItems.Item(1, ["", ""]), rows, TestContext.Current.CancellationToken);

        Assert.InRange(long_[1].Caches.RatioEffective, 1.5, 2.5);
        Assert.All(long_[0].Requests.Zip(long_[1].Requests), pair => Assert.NotEqual(pair.First.LogLikelihood, pair.Second.LogLikelihood));
        Assert.False(short_[1].Caches.IsAnyCompressed);
        Assert.Equal(short_[0].Requests.Select(request => request.LogLikelihood), short_[1].Requests.Select(request => request.LogLikelihood));
    }
}
