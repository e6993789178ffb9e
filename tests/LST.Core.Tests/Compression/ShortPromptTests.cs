using LST.Core.Compression;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Compression;

/// <summary>Prompts shorter than windows, sinks and recents ask for.</summary>
[Collection(InvariantMatrix.Name)]
public class ShortPromptTests(CompressedCells cells)
{
    public static TheoryData<string> Methods => MethodCases.Methods;

    [Theory, MemberData(nameof(Methods))]
    public void Short_prompts_keep_a_slot_in_every_head_and_go_on(string method)
    {
        var spec = MethodSpec.Parse(method);
        foreach (var model in new[] { cells.Model("mha", "fp32"), cells.Model("gqa", "bf16") })
            foreach (var tokens in new[] { 1, 2, 3, 5, 13 })
            {
                using var scope = NewDisposeScope();
                using var prompts = CompressedCells.Compress(spec, model, TinyModels.Prompt(tokens, tokens), [Ratio.Of(2), Ratio.Of(4), Ratio.Of(8)]);
                foreach (var job in prompts.Jobs)
                {
                    foreach (var prefix in job.Cache.Layers.Select(layer => layer.Prefix!))
                        for (var h = 0; h < prefix.KeyValueHeads; h++) Assert.InRange(prefix.Length(0, h), 1, tokens);

                    var logits = PlainNumbers.Of(model.Logits(model.RunFrozen(TinyModels.Row(5, 6), job.Cache)));

                    Assert.All(logits, logit => Assert.True(double.IsFinite(logit)));
                    Assert.Equal(spec.HasTraits(MethodTraits.Renumbers) ? job.Cache.Layers[0].Prefix!.Length(0, 0) + 2 : tokens + 2, job.Cache.NextPositions[0]);
                }
            }
    }

    [Fact]
    public void Refuses_an_empty_prompt_in_one_sentence()
    {
        using var compressor = MethodSpec.Parse("streaming").Create();

        var failure = Assert.Throws<CompressionException>(() =>
            PromptCompression.Run(cells.Model("mha", "fp32"), ReadOnlyMemory<long>.Empty, [new CompressionJob(compressor, Ratio.Of(2))], cancel: TestContext.Current.CancellationToken));

        Assert.Contains("empty", failure.Message);
    }
}
