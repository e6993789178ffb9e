using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Compression;

/// <summary>
/// Methods that average: slot i of a head stands for as many neighbouring tokens as its count says, in order. Their means stay inside what was averaged,
/// and equal tokens lose nothing.
/// </summary>
[Collection(InvariantMatrix.Name)]
public class MergeInvariantTests(CompressedCells cells)
{
    private static readonly Ratio[] Ratios = [Ratio.Of(2), Ratio.Of(4)];

    public static TheoryData<string> Averaging => MethodCases.Having(MethodTraits.Averages);

    [Theory, MemberData(nameof(Averaging))]
    public void Counts_add_up_to_the_prompt(string method)
    {
        foreach (var layer in cells.Get(method, "gqa", "fp32").Layers)
            for (var h = 0; h < layer.Heads; h++)
            {
                var runs = Runs(layer.Compressed, h);

                Assert.Equal(layer.Tokens, runs[^1].End);
                for (var i = 0; i < runs.Length; i++) Assert.InRange(layer.Positions(h)[i], runs[i].Start, runs[i].End - 1);
            }
    }

    [Theory, MemberData(nameof(Averaging))]
    public void Merged_values_stay_between_their_sources(string method)
    {
        foreach (var type in new[] { "fp32", "bf16" })
            foreach (var layer in cells.Get(method, "mha", type).Layers)
            {
                using var scope = NewDisposeScope();
                var (dense, held) = (PlainNumbers.Heads(layer.Dense().Values[0]), PlainNumbers.Of(layer.Compressed.Values));
                for (var h = 0; h < layer.Heads; h++)
                {
                    var runs = Runs(layer.Compressed, h);
                    for (var i = 0; i < runs.Length; i++)
                        for (var d = 0; d < dense[h][0].Length; d++)
                        {
                            var sources = dense[h][runs[i].Start..runs[i].End].Select(value => value[d]).ToArray();
                            Assert.InRange(PlainNumbers.Row(held, layer.Compressed.Offsets[h] + i, dense[h][0].Length)[d], sources.Min() - 1e-6, sources.Max() + 1e-6);
                        }
                }
            }
    }

    [Theory, MemberData(nameof(Averaging))]
    public void Equal_tokens_merge_to_themselves(string method)
    {
        var spec = MethodSpec.Parse(method);
        var model = cells.Model("gqa", "fp32");
        var compared = 0;
        foreach (var ratio in Ratios)
        {
            using var scope = NewDisposeScope();
            using var prompt = new CapturedPrompt(model, CompressedCells.Prompt(1), CompressedCells.Lengths[1]);
            using var first = prompt.Compress(spec, ratio);
            using var merged = prompt.Compress(spec, ratio, (l, tensors) => EqualWithinRuns(spec, tensors, first.Layers[l], model.Rotary));

            for (var l = 0; l < merged.Layers.Count; l++)
            {
                var layer = merged.Layers[l];
                var equal = EqualWithinRuns(spec, prompt.Layers[l], first.Layers[l], model.Rotary);
                if (!spec.HasTraits(MethodTraits.ByContent)) Assert.Equal(first.Layers[l].Counts, layer.Counts);
                var (keys, pre, values) = (PlainNumbers.Heads(equal.Keys), PlainNumbers.Heads(equal.PreRopeKeys), PlainNumbers.Heads(equal.Values));
                var (heldKeys, heldValues, width) = (PlainNumbers.Of(layer.Keys), PlainNumbers.Of(layer.Values), (int)layer.Keys.shape[1]);
                for (var h = 0; h < layer.KeyValueHeads; h++)
                {
                    var runs = Runs(layer, h);
                    var leaders = Runs(first.Layers[l], h).SelectMany(run => Enumerable.Repeat(run.Start, run.End - run.Start)).ToArray();
                    for (var i = 0; i < runs.Length; i++)
                    {
                        // Equal tokens draw other attention than before, and other runs may come of it.
                        if (leaders[runs[i].Start] != leaders[runs[i].End - 1]) continue;
                        if (runs[i].End - runs[i].Start > 1) compared++;
                        var row = layer.Offsets[h] + i;
                        var key = IsPreRope(spec) ? NaiveRotation.Turn(pre[h][runs[i].Start], layer.Positions[row], model.Rotary.InverseFrequencies) : keys[h][runs[i].Start];
                        Assert.InRange(PlainNumbers.Distance(key, PlainNumbers.Row(heldKeys, row, width)), 0, 1e-5);
                        Assert.InRange(PlainNumbers.Distance(values[h][runs[i].Start], PlainNumbers.Row(heldValues, row, width)), 0, 3e-6);
                    }
                }
            }
        }
        Assert.True(compared > 0);
    }

    [Theory, MemberData(nameof(Averaging))]
    public void With_the_log_of_its_count_a_run_of_equal_tokens_keeps_its_mass(string method)
    {
        var spec = MethodSpec.Parse(method);
        // Protection by attention, or a threshold, would find other runs among equal tokens.
        if (spec.Name == "kvmerger" && (spec.Options["mode"] == "paper" || spec.Options["heavy"] != "0")) return;
        if (IsPreRope(spec) || !spec.Options.Values.TryGetValue("log-mass", out var logMass) || logMass != "true") return;
        var model = cells.Model("gqa", "fp32");
        foreach (var ratio in Ratios)
        {
            using var scope = NewDisposeScope();
            using var prompt = new CapturedPrompt(model, CompressedCells.Prompt(1), CompressedCells.Lengths[1]);
            using var first = prompt.Compress(spec, ratio);
            using var merged = prompt.Compress(spec, ratio, (l, tensors) => EqualWithinRuns(spec, tensors, first.Layers[l], model.Rotary));

            for (var l = 0; l < merged.Layers.Count; l++)
            {
                var layer = merged.Layers[l];
                Assert.NotNull(layer.Bias);
                Assert.Equal(first.Layers[l].Counts, layer.Counts);
                var equal = EqualWithinRuns(spec, prompt.Layers[l], first.Layers[l], model.Rotary);
                for (var h = 0; h < layer.KeyValueHeads; h++)
                {
                    var (start, length) = (layer.Offsets[h], layer.Length(0, h));
                    var queries = prompt.Layers[l].Queries[h * model.Config.GroupSize].to(float64);
                    var expected = (queries.mm(equal.Keys[h].to(float64).t()) / Math.Sqrt(model.Config.HeadDim)).softmax(-1).mm(equal.Values[h].to(float64));
                    var logits = (queries.mm(layer.Keys.narrow(0, start, length).to(float64).t()) / Math.Sqrt(model.Config.HeadDim)) + layer.Bias!.narrow(0, start, length);
                    Assert.InRange(PlainNumbers.Distance(expected, logits.softmax(-1).mm(layer.Values.narrow(0, start, length).to(float64))), 0, spec.HasTraits(MethodTraits.ByContent) ? 5e-6 : 1e-6);
                }
            }
        }
    }

    private static bool IsPreRope(MethodSpec spec) => spec.Name == "lst" || spec.Options.Values.TryGetValue("key-space", out var space) && space == "pre-rope";

    private static (int Start, int End)[] Runs(CompressedLayer layer, int head)
    {
        var start = 0;
        return [.. Enumerable.Range(layer.Offsets[head], layer.Length(0, head)).Select(row => (start, start += (int)(layer.Counts?[row] ?? 1)))];
    }

    // Every token takes key and value of the first token of its run.
    private static LayerTensors EqualWithinRuns(MethodSpec spec, LayerTensors tensors, CompressedLayer compressed, RotaryEmbedding rotary)
    {
        Tensor Leaders(Tensor all) => stack([.. Enumerable.Range(0, compressed.KeyValueHeads).Select(h =>
            all[h].index_select(0, tensor(Runs(compressed, h).SelectMany(run => Enumerable.Repeat((long)run.Start, run.End - run.Start)).ToArray())))]);
        var pre = Leaders(tensors.PreRopeKeys);
        var (cos, sin) = rotary.Tables([.. Enumerable.Range(0, (int)pre.shape[1]).Select(t => (long)t)]);
        return tensors with { Keys = IsPreRope(spec) ? RotaryEmbedding.Rotate(pre, cos, sin) : Leaders(tensors.Keys), PreRopeKeys = pre, Values = Leaders(tensors.Values) };
    }
}
