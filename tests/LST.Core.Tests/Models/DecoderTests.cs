using CsCheck;
using LST.Core.Caching;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Models;

/// <summary>The decoder on random shapes: the same numbers however a text is cut into segments, and the numbers of the formulas.</summary>
public class DecoderTests
{
    private static readonly Gen<ModelConfig> Configs =
        from heads in Gen.Int[1, 3]
        from @group in Gen.Int[1, 3]
        from half in Gen.Int[2, 5]
        from layers in Gen.Int[1, 3]
        from qkvBias in Gen.Bool
        from outputBias in Gen.Bool
        from mlpBias in Gen.Bool
        from tied in Gen.Bool
        from window in Gen.Int[0, 12]
        select TinyModels.Mha with
        {
            HiddenSize = 14, IntermediateSize = 18, VocabularySize = 40, Layers = layers, KeyValueHeads = heads, QueryHeads = heads * @group, HeadDim = 2 * half,
            QkvBias = qkvBias, OutputBias = outputBias, MlpBias = mlpBias, TiedHead = tied, SlidingWindow = window == 0 ? null : window,
        };

    [Fact]
    public void One_prefill_equals_chunks_equals_token_by_token() => Gen.Select(Configs, Gen.Int[1, 3], Gen.Int[1, 8].Array[1, 4], Gen.Int[0, 1000]).Sample((config, batch, chunks, seed) =>
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(config, seed: seed);
        var tokens = chunks.Sum();
        var ids = tensor(TinyModels.Prompt(batch * tokens, seed), batch, tokens) % config.VocabularySize;

        var (once, chunked, stepped) = (Run(model, ids, [tokens]), Run(model, ids, chunks), Run(model, ids, [.. Enumerable.Repeat(1, tokens)]));
        using var frozen = no_grad();
        var (onceFrozen, chunkedFrozen, steppedFrozen) = (Run(model, ids, [tokens]), Run(model, ids, chunks), Run(model, ids, [.. Enumerable.Repeat(1, tokens)]));

        Assert.All(new[] { chunked, stepped, onceFrozen, chunkedFrozen, steppedFrozen }, other => Assert.InRange(PlainNumbers.Distance(once, other), 0, 2e-4));
    }, iter: 40, threads: 1);

    [Fact]
    public void Logits_are_those_of_the_formulas_in_double() => Gen.Select(Configs, Gen.Int[1, 14], Gen.Int[0, 1000]).Sample((config, tokens, seed) =>
    {
        using var scope = NewDisposeScope();
        var file = new RandomModelFile(config, seed);
        using var model = LanguageModel.Load(file, float32, CPU);
        long[] ids = [.. TinyModels.Prompt(tokens, seed).Select(id => id % config.VocabularySize)];
        using var cache = model.NewCache(1);

        using var frozenCache = model.NewCache(1);
        double[] expected = [.. new NaiveDecoder(file).Logits(ids).SelectMany(row => row)];

        Assert.InRange(PlainNumbers.Distance(expected, PlainNumbers.Of(model.Logits(model.Run(TinyModels.Row(ids), cache)))), 0, 3e-4);
        Assert.InRange(PlainNumbers.Distance(expected, PlainNumbers.Of(model.Logits(model.RunFrozen(TinyModels.Row(ids), frozenCache)))), 0, 3e-4);
    }, iter: 25, threads: 1);

    [Fact]
    public void A_segment_that_is_not_appended_leaves_the_cache_as_it_was()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var cache = model.NewCache(2, blockTokens: 3);
        var (prompt, probe, suffix) = (tensor(TinyModels.Prompt(14, 1), 2, 7), tensor(TinyModels.Prompt(8, 2), 2, 4), tensor(TinyModels.Prompt(6, 3), 2, 3));
        model.RunFrozen(prompt, cache);
        using var untouched = model.NewCache(2);
        model.RunFrozen(prompt, untouched);

        model.RunFrozen(probe, cache, new SegmentOptions { Append = false });

        Assert.Equal([7, 7], cache.NextPositions.ToArray());
        Assert.All(cache.Layers, layer => Assert.Equal(7, layer.Tail.Length));
        Assert.InRange(PlainNumbers.Distance(model.RunFrozen(suffix, untouched), model.RunFrozen(suffix, cache)), 0, 1e-5);
    }

    [Fact]
    public void Lengths_and_positions_are_kept_for_every_layer_and_sample()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Mha);
        using var cache = model.NewCache(3, blockTokens: 4);
        var done = 0;
        foreach (var tokens in new[] { 5, 1, 1, 6 })
        {
            model.RunFrozen(tensor(TinyModels.Prompt(3 * tokens, tokens), 3, tokens), cache);
            done += tokens;

            Assert.Equal([done, done, done], cache.NextPositions.ToArray());
            Assert.All(cache.Layers, layer => Assert.Equal((done, (done + 3) / 4), (layer.Tail.Length, layer.Tail.Blocks.Count)));
        }
        Assert.Equal(cache.Layers.Sum(layer => layer.Tail.Bytes), cache.Bytes);
    }

    [Fact]
    public void Layers_show_what_was_asked_for_and_nothing_else()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Gqa);
        using var cache = model.NewCache(1);
        List<int> seen = [];

        model.RunFrozen(TinyModels.Row(1, 2, 3), cache, new SegmentOptions
        {
            Capture = CaptureNeeds.PreRopeKeys | CaptureNeeds.AttentionInput,
            OnLayer = capture =>
            {
                seen.Add(capture.Layer);
                Assert.True(capture.Queries is null && capture.PreRopeQueries is null && capture.Output is null);
                Assert.Equal([1, 3, 40], capture.AttentionInput!.shape);
                var (keys, pre) = (PlainNumbers.Heads(capture.Keys[0]), PlainNumbers.Heads(capture.PreRopeKeys![0]));
                for (var t = 0; t < 3; t++) Assert.InRange(PlainNumbers.Distance(NaiveRotation.Turn(pre[1][t], t, model.Rotary.InverseFrequencies), keys[1][t]), 0, 1e-5);
            },
        });

        Assert.Equal([0, 1, 2], seen);
    }

    [Fact]
    public void Refuses_ids_of_another_batch_or_type()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.Load(TinyModels.Mha);
        using var cache = model.NewCache(2);

        Assert.Contains("[B=2, S]", Assert.Throws<ArgumentException>(() => model.RunFrozen(TinyModels.Row(1, 2), cache)).Message);
        Assert.Contains("int64", Assert.Throws<ArgumentException>(() => model.RunFrozen(zeros(2, 2), cache)).Message);
    }

    [Fact]
    public void A_bfloat16_model_stays_near_its_float32_self()
    {
        using var scope = NewDisposeScope();
        using var wide = TinyModels.Load(TinyModels.Gqa);
        using var narrow = TinyModels.Load(TinyModels.Gqa, bfloat16);
        var ids = TinyModels.Row(TinyModels.Prompt(20, 4));

        var expected = Run(wide, ids, [8, 12]);
        AssertNear(expected, Run(narrow, ids, [8, 12]));
        using var frozen = no_grad();
        AssertNear(expected, Run(narrow, ids, [8, 12]));
    }

    private static void AssertNear(Tensor expected, Tensor actual)
    {
        Assert.Equal(bfloat16, actual.dtype);
        Assert.InRange(PlainNumbers.Of((expected - actual.to(float32)).square().mean().sqrt())[0], 0, 0.25 * PlainNumbers.Of(expected.std())[0]);
    }

    private static Tensor Run(LanguageModel model, Tensor ids, int[] segments)
    {
        using var cache = model.NewCache((int)ids.shape[0], blockTokens: 5);
        List<Tensor> logits = [];
        var start = 0;
        foreach (var tokens in segments)
        {
            logits.Add(model.Logits(model.Run(ids.narrow(1, start, tokens), cache)));
            start += tokens;
        }
        return cat(logits, 1);
    }
}
