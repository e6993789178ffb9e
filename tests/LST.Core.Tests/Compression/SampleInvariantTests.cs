using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Compression;

/// <summary>Nothing but the prompt itself decides what becomes of it: no other sample, no earlier prompt, no later token.</summary>
[Collection(InvariantMatrix.Name)]
public class SampleInvariantTests(CompressedCells cells)
{
    private static readonly Ratio Ratio = Ratio.Of(3, 2);

    public static TheoryData<string, string, string> Cells => MethodCases.Cells;

    [Theory, MemberData(nameof(Cells))]
    public void Permuting_samples_permutes_the_outputs(string method, string heads, string type)
    {
        using var scope = NewDisposeScope();
        var cell = cells.Get(method, heads, type);
        int[] order = [2, 0, 1];
        var at = CompressedCells.Ratios.ToList().IndexOf(Ratio);
        var suffix = tensor(TinyModels.Prompt(9, 5), 3, 3);
        using var straight = CompressedCells.Joined(cell, at, [0, 1, 2]);
        using var permuted = CompressedCells.Joined(cell, at, order);

        var expected = cell.Model.RunFrozen(suffix, straight).index_select(0, tensor(order.Select(i => (long)i).ToArray()));
        var actual = cell.Model.RunFrozen(suffix.index_select(0, tensor(order.Select(i => (long)i).ToArray())), permuted);

        Assert.InRange(PlainNumbers.Distance(expected, actual), 0, type == "bf16" ? 0.05 : 1e-5);
    }

    [Theory, MemberData(nameof(Cells))]
    public void A_compressor_remembers_nothing_of_earlier_prompts(string method, string heads, string type)
    {
        using var scope = NewDisposeScope();
        var cell = cells.Get(method, heads, type);
        using var compressor = cell.Spec.CreateWithPrompt();
        var jobs = CompressedCells.Ratios.Select(ratio => new CompressionJob(compressor, ratio)).ToList();
        PromptCompression.Run(cell.Model, CompressedCells.Prompt(1), jobs, cancel: TestContext.Current.CancellationToken).Dispose();
        using var second = PromptCompression.Run(cell.Model, CompressedCells.Prompt(0), jobs, cancel: TestContext.Current.CancellationToken);

        for (var job = 0; job < jobs.Count; job++)
            for (var l = 0; l < cell.Model.Config.Layers; l++)
                AssertSame(cell.Samples[0].Jobs[job].Cache.Layers[l].Prefix!, second.Jobs[job].Cache.Layers[l].Prefix!);
    }

    [Theory, MemberData(nameof(Cells))]
    public void Tokens_behind_the_prompt_change_nothing(string method, string heads, string type)
    {
        using var scope = NewDisposeScope();
        var cell = cells.Get(method, heads, type);
        var prompt = CompressedCells.Prompt(2);
        using var shorter = new CapturedPrompt(cell.Model, prompt, prompt.Length);
        using var longer = new CapturedPrompt(cell.Model, [.. prompt, .. TinyModels.Prompt(14, 77)], prompt.Length);
        using var expected = shorter.Compress(cell.Spec, Ratio);
        using var actual = longer.Compress(cell.Spec, Ratio);

        for (var l = 0; l < cell.Model.Config.Layers; l++)
        {
            Assert.InRange(PlainNumbers.Distance(shorter.Layers[l].Keys, longer.Layers[l].Keys), 0, type == "bf16" ? 0.2 : 1e-4);
            // Products over more rows may round differently, which in bfloat16 is enough to move a close choice.
            if (type == "bf16") continue;
            Assert.Equal(expected.Layers[l].Positions.ToArray(), actual.Layers[l].Positions.ToArray());
            Assert.InRange(PlainNumbers.Distance(expected.Layers[l].Keys, actual.Layers[l].Keys), 0, 1e-4);
            Assert.InRange(PlainNumbers.Distance(expected.Layers[l].Values, actual.Layers[l].Values), 0, 1e-4);
        }
    }

    [Theory, MemberData(nameof(Cells))]
    public void Compressing_layer_by_layer_gives_what_one_prefill_for_many_jobs_gives(string method, string heads, string type)
    {
        using var scope = NewDisposeScope();
        var cell = cells.Get(method, heads, type);
        using var alone = new CapturedPrompt(cell.Model, CompressedCells.Prompt(0), CompressedCells.Lengths[0]);
        using var expected = alone.Compress(cell.Spec, Ratio);
        var job = cell.Samples[0].Jobs[CompressedCells.Ratios.ToList().IndexOf(Ratio)];

        for (var l = 0; l < cell.Model.Config.Layers; l++) AssertSame(expected.Layers[l], job.Cache.Layers[l].Prefix!, WeightTolerance(cell.Spec, type));
    }

    [Theory, MemberData(nameof(Cells))]
    public void Running_a_suffix_leaves_the_compressed_prefix_as_it_is(string method, string heads, string type)
    {
        using var scope = NewDisposeScope();
        var cell = cells.Get(method, heads, type);
        using var cache = CompressedCells.Joined(cell, CompressedCells.Ratios.Count - 1, [0]);
        cell.Model.RunFrozen(TinyModels.Row(TinyModels.Prompt(11, 3)), cache);

        for (var l = 0; l < cell.Model.Config.Layers; l++)
        {
            AssertSame(cell.Samples[0].Jobs[^1].Cache.Layers[l].Prefix!, cache.Layers[l].Prefix!);
            Assert.Equal(11, cache.Layers[l].Tail.Length);
        }
        Assert.Equal(cell.Samples[0].Jobs[^1].Cache.NextPositions[0] + 11, cache.NextPositions[0]);
    }

    // Attention is summed up in other chunks; weights that follow from it are rounded differently.
    private static double WeightTolerance(MethodSpec spec, string type) => !spec.HasTraits(MethodTraits.ByContent) ? 0 : type == "bf16" ? 1.0 / 128 : 1e-5;

    private static void AssertSame(CompressedLayer expected, CompressedLayer actual, double valueTolerance = 0)
    {
        Assert.Equal(expected.Offsets.ToArray(), actual.Offsets.ToArray());
        Assert.Equal(expected.Positions.ToArray(), actual.Positions.ToArray());
        Assert.Equal(PlainNumbers.Bits(expected.Keys), PlainNumbers.Bits(actual.Keys));
        if (valueTolerance == 0) Assert.Equal(PlainNumbers.Bits(expected.Values), PlainNumbers.Bits(actual.Values));
        else Assert.InRange(PlainNumbers.Distance(expected.Values, actual.Values), 0, valueTolerance * (1 + PlainNumbers.Of(expected.Values).Max(Math.Abs)));
        Assert.Equal(expected.Bias is null, actual.Bias is null);
        if (expected.Bias is not null) Assert.Equal(PlainNumbers.Bits(expected.Bias), PlainNumbers.Bits(actual.Bias!));
        Assert.Equal(expected.Counts, actual.Counts);
    }
}
