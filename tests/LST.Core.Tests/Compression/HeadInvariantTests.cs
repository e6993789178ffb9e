using LST.Core.Compression;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Compression;

/// <summary>Query groups and storage types do not decide what is kept.</summary>
[Collection(InvariantMatrix.Name)]
public class HeadInvariantTests(CompressedCells cells)
{
    // A choice may differ between storage types where scores are closer than this share of the larger one: bfloat16 keeps 8 bits of every logit's factors.
    private const double ScoreRounding = 0.1;

    private static readonly Ratio[] Ratios = [Ratio.Of(3, 2), Ratio.Of(4)];

    public static TheoryData<string> Methods => MethodCases.Methods;

    [Theory, MemberData(nameof(Methods))]
    public void Identical_query_heads_in_a_group_are_as_good_as_one(string method)
    {
        var spec = MethodSpec.Parse(method);
        // Equal query heads have unequal draws.
        if (spec.HasTraits(MethodTraits.DrawsByQueryHead)) return;
        var model = cells.Model("gqa", "fp32");
        var (config, group) = (model.Config, model.Config.GroupSize);
        Tensor One(Tensor perQueryHead) => perQueryHead.view([config.KeyValueHeads, group, .. perQueryHead.shape[1..]]).select(1, 0).contiguous();
        Tensor Repeated(Tensor perQueryHead) => One(perQueryHead).repeat_interleave(group, 0);
        LayerTensors Change(LayerTensors tensors, Func<Tensor, Tensor> change) => tensors with { Queries = change(tensors.Queries), PreRopeQueries = change(tensors.PreRopeQueries) };
        foreach (var ratio in Ratios)
        {
            using var scope = NewDisposeScope();
            using var prompt = new CapturedPrompt(model, CompressedCells.Prompt(1), CompressedCells.Lengths[1]);
            var single = config with { QueryHeads = config.KeyValueHeads };

            using var alone = prompt.Compress(spec, ratio, (_, tensors) => Change(tensors, One), inner => new ChangedAccess(inner, single, One, k => k), single);
            using var grouped = prompt.Compress(spec, ratio, (_, tensors) => Change(tensors, Repeated), inner => new ChangedAccess(inner, config, Repeated, k => k), config);

            for (var l = 0; l < config.Layers; l++)
            {
                Assert.Equal(alone.Layers[l].Offsets.ToArray(), grouped.Layers[l].Offsets.ToArray());
                Assert.Equal(alone.Layers[l].Positions.ToArray(), grouped.Layers[l].Positions.ToArray());
                Assert.InRange(PlainNumbers.Distance(alone.Layers[l].Keys, grouped.Layers[l].Keys), 0, 1e-6);
                Assert.InRange(PlainNumbers.Distance(alone.Layers[l].Values, grouped.Layers[l].Values), 0, spec.HasTraits(MethodTraits.KeepsValues) ? 1e-6 : 1e-5);
            }
        }
    }

    [Theory, MemberData(nameof(Methods))]
    public void The_same_numbers_in_bfloat16_and_float32_keep_the_same_tokens(string method)
    {
        var spec = MethodSpec.Parse(method);
        var model = cells.Model("gqa", "bf16");
        Tensor Wide(Tensor tensor) => tensor.to(float32);
        foreach (var ratio in Ratios)
        {
            using var scope = NewDisposeScope();
            using var prompt = new CapturedPrompt(model, CompressedCells.Prompt(1), CompressedCells.Lengths[1]);

            using var narrow = prompt.Compress(spec, ratio);
            using var wide = prompt.Compress(spec, ratio, (_, tensors) => tensors.Each(Wide), inner => new ChangedAccess(inner, model.Config, Wide, Wide));

            for (var l = 0; l < model.Config.Layers; l++)
            {
                Assert.Equal(wide.Layers[l].Offsets.ToArray(), narrow.Layers[l].Offsets.ToArray());
                Assert.Equal(wide.Layers[l].Positions.ToArray(), narrow.Layers[l].Positions.ToArray());
                Assert.Equal(bfloat16, narrow.Layers[l].Keys.dtype);
            }
        }
    }

    [Theory, MemberData(nameof(Methods))]
    public void Rounding_a_float32_cache_to_bfloat16_moves_only_close_choices(string method)
    {
        var spec = MethodSpec.Parse(method);
        // A fit decides there what is chosen next or dropped, and no score tells how close that is.
        if (spec.HasTraits(MethodTraits.Fits | MethodTraits.Ragged)) return;
        var model = cells.Model("mha", "fp32");
        Tensor Rounded(Tensor tensor) => tensor.to(bfloat16);
        foreach (var ratio in Ratios)
        {
            using var scope = NewDisposeScope();
            using var prompt = new CapturedPrompt(model, CompressedCells.Prompt(1), CompressedCells.Lengths[1]);
            using var exact = prompt.Compress(spec, ratio);
            using var rounded = prompt.Compress(spec, ratio, (_, tensors) => tensors.Each(Rounded), inner => new ChangedAccess(inner, model.Config, Rounded, Rounded));

            var moved = from l in Enumerable.Range(0, model.Config.Layers)
                        from h in Enumerable.Range(0, model.Config.KeyValueHeads)
                        let kept = exact.Positions(l, h)
                        let now = rounded.Positions(l, h)
                        select (Layer: l, Head: h, Lost: kept.Except(now).ToArray(), Won: now.Except(kept).ToArray());
            // Runs that are cut between neighbours have no scores to be close by.
            if (exact.Scores[0] is null && spec.HasTraits(MethodTraits.ByContent)) continue;
            if (exact.Scores[0] is null) Assert.All(moved, head => Assert.Empty(head.Lost.Concat(head.Won)));
            else AssertClose(spec, moved, exact);
        }
    }

    // Uniform methods choose within a head, ragged ones over all heads of a layer, or of the layers that share a budget.
    private static void AssertClose(MethodSpec spec, IEnumerable<(int Layer, int Head, int[] Lost, int[] Won)> moved, CompressedCapture exact)
    {
        var scores = exact.Scores.Select(layer => PlainNumbers.Heads(layer!.unsqueeze(-1))).ToArray();
        double Score((int Layer, int Head) at, int token) => scores[at.Layer][at.Head][token][0];
        // Ranks in a lag move by whole places.
        var place = spec.Options.Values.ContainsKey("lag") ? 1.001 / Math.Max(2, spec.Options.Slots("lag", 1, Ratio.One)) : 0;
        var pools = spec.HasTraits(MethodTraits.Ragged) ? moved.GroupBy(head => (spec.Name == "adakv" ? head.Layer : 0, 0)) : moved.GroupBy(head => (head.Layer, head.Head));
        foreach (var pool in pools)
        {
            var lost = pool.SelectMany(head => head.Lost.Select(token => Score((head.Layer, head.Head), token))).DefaultIfEmpty(0).Max();
            var won = pool.SelectMany(head => head.Won.Select(token => Score((head.Layer, head.Head), token))).DefaultIfEmpty(0).Min();
            Assert.True(lost - won <= Math.Max(place, ScoreRounding * Math.Abs(lost)), $"{spec.Typed}: a token of score {lost} gave way to one of {won}");
        }
    }
}
