using LST.Core;
using LST.Core.Compression;
using LST.Evaluation.Perplexity;

namespace LST.Evaluation.Tests.Perplexity;

/// <summary>A run whose caches did not shrink as planned fails and says so.</summary>
public class ShrinkingTests(ReferenceModel reference) : IClassFixture<ReferenceModel>
{
    [Theory]
    [InlineData(Defect.KeepsAll, "layer 0, head 0: planned 15 slots, the method kept 31 of 31")]
    [InlineData(Defect.KeepsOneMore, "layer 7, head 3: planned 15 slots, the method kept 16 of 31")]
    [InlineData(Defect.PlansAll, "defective at 2:1 keeps all 992 slots of 31 tokens")]
    [InlineData(Defect.PlansOneMore, "481 slots were planned where 8 layers of 4 KV heads may have 480: 15 a head for 31 tokens at 2:1")]
    [InlineData(Defect.TwiceTheHeads, "layer 0: 1 sample of 4 KV heads of width 64 was planned, the method gave 1 of 8 heads of width 64")]
    [InlineData(Defect.HalfTheWidth, "layer 0: 1 sample of 4 KV heads of width 64 was planned, the method gave 1 of 4 heads of width 32")]
    public void A_defective_method_stops_the_run_with_one_sentence(Defect defect, string start)
    {
        var error = Assert.Throws<CompressionException>(() => Run(defect));

        Assert.StartsWith(start, error.Message);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal(1, error.ExitCode);
    }

    [Fact]
    public void The_same_method_without_a_defect_runs() => Run(Defect.None);

    private void Run(Defect defect) => reference.Run(ReferenceModel.Prose, new PerplexitySettings
    {
        Prefix = 32, Suffix = 4, Chunks = 1, Methods = [MethodSpec.Parse("streaming"), DefectiveCompressor.Spec(defect)], Ratios = [Ratio.Of(2)],
    });
}
