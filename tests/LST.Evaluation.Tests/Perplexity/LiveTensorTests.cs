using LST.Core;
using LST.Core.Attention;
using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Models.Generation;
using LST.Evaluation.Perplexity;
using TorchSharp;
using Tensor = TorchSharp.torch.Tensor;

namespace LST.Evaluation.Tests.Perplexity;

/// <summary>Runs alone: the count of live tensors is that of the whole process.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public class Alone;

/// <summary>Every tensor is freed, whatever ends a run.</summary>
[Collection(nameof(Alone))]
public class LiveTensorTests(ReferenceModel reference) : IClassFixture<ReferenceModel>
{
    private static readonly PerplexitySettings Tiny = new()
    {
        Prefix = 40, Suffix = 6, Chunks = 1, Methods = MethodSpec.ParseList("all,mean:log-mass=true:key-space=pre-rope"), Ratios = [Ratio.One, Ratio.Of(3, 2), Ratio.Of(2), Ratio.Of(3)],
    };

    private static (long Process, long Thread) Live => (Tensor.TotalCount, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

    [Fact]
    public void Twenty_evaluations_leave_the_number_of_tensors_level() =>
        Level(20, round => reference.Run(ReferenceModel.Prose, (round % 10) switch
        {
            0 => Tiny,
            1 => Tiny with { Equal = EqualBasis.Bytes, Ratios = [Ratio.Of(2)] },
            _ => Tiny with { Ratios = [Ratio.Of(2)] },
        }));

    [Fact]
    public void Samples_of_lines_leave_it_level()
    {
        var text = DocumentCompatible.FrozenLinesTests.Lines(line => ReferenceModel.Prose.Content.Substring(line, 500).ReplaceLineEndings(" "));
        Level(2, _ => reference.Run(text, Tiny with { Protocol = "e3", Prefix = null }));
    }

    [Fact]
    public void Dense_blocks_leave_it_level() => Level(20, _ => reference.Run(ReferenceModel.Prose, Tiny with { Protocol = "e0" }));

    [Theory]
    [InlineData(Defect.KeepsAll)]
    [InlineData(Defect.KeepsOneMore)]
    [InlineData(Defect.PlansAll)]
    [InlineData(Defect.PlansOneMore)]
    [InlineData(Defect.TwiceTheHeads)]
    [InlineData(Defect.Throws)]
    [InlineData(Defect.ThrowsAtTheEnd)]
    public void A_failing_method_leaves_it_level(Defect defect)
    {
        var settings = Tiny with { Methods = [.. Tiny.Methods, DefectiveCompressor.Spec(defect)] };

        Level(5, _ => Assert.ThrowsAny<Exception>(() => reference.Run(ReferenceModel.Prose, settings)));
    }

    [Fact]
    public void A_run_that_is_cancelled_anywhere_leaves_it_level() => Level(30, round =>
    {
        using var source = new CancellationTokenSource();
        var usual = reference.Model.Attention;
        reference.Model.Attention = new CancellingAttention(usual, 1 + round * 8, source);
        try
        {
            Assert.ThrowsAny<OperationCanceledException>(() => new PerplexityRun(reference.Loaded, Tiny).Run(ReferenceModel.Prose, "./lst eval ppl", cancel: source.Token));
        }
        finally
        {
            reference.Model.Attention = usual;
        }
    });

    [Fact]
    public void Generating_leaves_it_level() => Level(20, round =>
    {
        using var source = new CancellationTokenSource();
        var made = 0;
        var request = new GenerationRequest(MethodSpec.Parse(round % 2 == 0 ? "snapkv" : "kvzip"), Ratio.Of(2), 6, new SamplingOptions(1, Seed: round), []);
        new Generator(reference.Model, reference.Loaded.Tokenizer).Run([[0, 5, 6, 7, 8, 9], [0, 5, 6, 7]], request, (_, _) => { if (++made == 4 && round % 3 == 0) source.Cancel(); }, source.Token);
        if (round % 5 == 0) Assert.Throws<CompressionException>(() => new Generator(reference.Model).Run([[0, 5], []], request, cancel: TestContext.Current.CancellationToken));
    });

    private static void Level(int rounds, Action<int> work)
    {
        for (var warmUp = 0; warmUp < 2; warmUp++) work(warmUp);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = Live;

        for (var round = 0; round < rounds; round++) work(round);

        Assert.Equal(before, Live);
    }

    /// <summary>Cancels in one of the layers of one of the passes: prefill, repetition, scoring of any row.</summary>
    private sealed class CancellingAttention(ISegmentAttention usual, int calls, CancellationTokenSource source) : ISegmentAttention
    {
        private int seen;

        public string Name => usual.Name;

        public Tensor Attend(Tensor queries, Tensor keys, Tensor values, LayerCache layer, SegmentMask mask)
        {
            if (++seen == calls) source.Cancel();
            return usual.Attend(queries, keys, values, layer, mask);
        }
    }
}
