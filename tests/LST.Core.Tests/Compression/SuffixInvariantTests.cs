using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Tests.Attention;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Compression;

/// <summary>What later tokens see: exactly the listed slots, their bias, and true positions.</summary>
[Collection(InvariantMatrix.Name)]
public class SuffixInvariantTests(CompressedCells cells)
{
    // Logits pass through bfloat16 on their way to the softmax: one of 8 is off by up to 1/64.
    private const double HalfTolerance = 4e-2;

    public static TheoryData<string, string, string> Cells => MethodCases.Cells;

    public static TheoryData<string> Methods => MethodCases.Methods;

    [Theory, MemberData(nameof(Cells))]
    public void A_suffix_attends_to_the_listed_slots(string method, string heads, string type)
    {
        var cell = cells.Get(method, heads, type);
        foreach (var ratio in new[] { Ratio.Of(2), Ratio.Of(8) })
            foreach (var samples in new int[][] { [1], [0, 1, 2] })
            {
                using var scope = NewDisposeScope();
                using var cache = CompressedCells.Joined(cell, CompressedCells.Ratios.ToList().IndexOf(ratio), samples);
                AssertAttendsAsTheOracle(cell.Model, cache, type == "bf16" ? HalfTolerance : 1e-5);
            }
    }

    [Theory, MemberData(nameof(Methods))]
    public void A_sliding_window_goes_by_true_positions(string method)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Gqa with { SlidingWindow = 19 });
        using var prompts = CompressedCells.Compress(MethodSpec.Parse(method), model, TinyModels.Prompt(45, 8));

        foreach (var job in prompts.Jobs) AssertAttendsAsTheOracle(model, job.Cache, 1e-5);
    }

    [Theory, MemberData(nameof(Methods))]
    public void At_ratio_one_a_suffix_reads_what_the_dense_cache_says(string method)
    {
        using var scope = NewDisposeScope();
        var cell = cells.Get(method, "gqa", "fp32");
        using var dense = cell.Model.NewCache(1);
        cell.Model.RunFrozen(TinyModels.Row(CompressedCells.Prompt(1)), dense);
        using var identity = CompressedCells.Joined(cell, 0, [1]);
        var suffix = TinyModels.Row(TinyModels.Prompt(6, 21));

        Assert.InRange(PlainNumbers.Distance(cell.Model.RunFrozen(suffix, dense), cell.Model.RunFrozen(suffix, identity)), 0, 1e-5);
    }

    private static void AssertAttendsAsTheOracle(LanguageModel model, Core.Caching.KvCache cache, double tolerance)
    {
        var own = model.Attention;
        var compared = new ComparedAttention(own, new NaiveAttention(cache, model.Config.SlidingWindow));
        try
        {
            model.Attention = compared;
            foreach (var tokens in new[] { 9, 1, 3 }) model.RunFrozen(tensor(TinyModels.Prompt(tokens * cache.Batch, 40 + tokens), cache.Batch, tokens), cache);
        }
        finally
        {
            model.Attention = own;
        }
        Assert.Equal(3 * model.Config.Layers, compared.Calls);
        Assert.InRange(compared.Largest, 0, tolerance);
    }
}
