using LST.Core;
using LST.Core.Attention;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Evaluation.Analysis;
using LST.Evaluation.Tests.Perplexity;
using TorchSharp;
using static TorchSharp.torch;

namespace LST.Evaluation.Tests.Analysis;

/// <summary>Maps show what attention does.</summary>
public sealed class PromptAnalysisTests(TinyPrompt tiny) : IClassFixture<TinyPrompt>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, InlineData(null), InlineData(35)]
    public void Dense_weights_are_those_of_one_pass_in_double_precision(int? window)
    {
        using var prompt = tiny.Open(window);
        using var scope = NewDisposeScope();
        var (keys, queries) = OnePass(tiny.Model(window).Model, layer: 1);

        var map = prompt.Dense(1, 4, 50..70, 10..70);

        var own = PlainAttention.Rows(keys[4 / 3]);
        var asking = PlainAttention.Rows(queries[4]);
        for (var q = 0; q < 20; q++)
        {
            var position = 50 + q;
            var first = window is { } length ? Math.Max(0, position - length + 1) : 0;
            var weights = PlainAttention.Softmax([.. Enumerable.Range(first, position - first + 1).Select(j => PlainAttention.Score(asking[position], own[j]))]);
            PlainAttention.Near([.. Enumerable.Range(10, 60).Select(j => j < first || j > position ? 0 : weights[j - first])], map.Weights[q], 2e-5);
        }
        Assert.Equal(Enumerable.Range(50, 20), map.QueryPositions);
        Assert.Equal(Enumerable.Range(10, 60), map.KeyPositions);
        Assert.Equal(prompt.Tokens.Skip(10).Take(60), map.Keys);
        Assert.Equal("tiny, dense, random ids", map.Source);
    }

    [Theory, MemberData(nameof(TinyPrompt.Methods), MemberType = typeof(TinyPrompt))]
    public void Weights_over_a_compressed_cache_read_what_the_reference_attention_reads(string method, int? window)
    {
        // Given a cache as a run has it, and attention in double precision over it.
        var model = tiny.Model(window).Model;
        using var prompt = tiny.Open(window);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using var compressor = MethodSpec.Parse(method).Create();
        var ids = TinyPrompt.Ids(TinyPrompt.Prefix + TinyPrompt.Continuation).Select(id => (long)id).ToArray();
        using var run = PromptCompression.Run(model, ids.AsMemory(0, TinyPrompt.Prefix), [new CompressionJob(compressor, Ratio.Of(3))], tiny.Model(window).Tokenizer, Stop);
        var cache = run.Jobs[0].Cache;
        var shift = cache.NextPositions[0] - TinyPrompt.Prefix;
        using var mask = new SegmentMask(cache, TinyPrompt.Continuation, window, CPU);
        const int layer = 2;
        var held = prompt.Layers[layer];
        Tensor Behind(Tensor all)
        {
            var (cos, sin) = model.Rotary.Tables([shift]);
            return RotaryEmbedding.Rotate(all.narrow(1, TinyPrompt.Prefix, TinyPrompt.Continuation), cos, sin).unsqueeze(0);
        }
        var tailValues = held.Values.narrow(1, TinyPrompt.Prefix, TinyPrompt.Continuation);
        var expected = new ReferenceAttention().Attend(Behind(held.Queries), Behind(held.Keys), tailValues.unsqueeze(0), cache.Layers[layer], mask)[0];

        for (var head = 0; head < 6; head++)
        {
            var map = prompt.Compress(MethodSpec.Parse(method), Ratio.Of(3), Stop).Map(layer, head, TinyPrompt.Prefix..);

            var made = cache.Layers[layer].Prefix!;
            double[][] values = [.. PlainAttention.Rows(made.Values.narrow(0, made.Offsets[head / 3], made.Length(0, head / 3))), .. PlainAttention.Rows(tailValues[head / 3])];
            var wanted = PlainAttention.Rows(expected[head]);
            for (var q = 0; q < TinyPrompt.Continuation; q++)
            {
                Assert.Equal(1, map.Weights[q].Sum(), 1e-5);
                var read = PlainAttention.Mix([.. map.Weights[q].Select(weight => (double)weight)], values);
                PlainAttention.Near(wanted[q], [.. read.Select(x => (float)x)], 1e-4);
            }
            Assert.Equal(map.Weights[0].Count, map.Keys.Count);
            Assert.Equal(map.Weights[0].Count, map.KeyPositions.Count);
        }
    }

    [Fact]
    public void Slots_are_labelled_by_their_tokens_in_order()
    {
        using var prompt = tiny.Open();

        var map = prompt.Compress("mean", 4).Map(0, 0, 60..62);

        var slots = prompt.Compress("mean", 4).SlotsOf(0, 0);
        Assert.Equal(slots.Select(slot => string.Concat(slot.Tokens.Select(token => prompt.Tokens[token]))).Concat(prompt.Tokens.Skip(60).Take(2)), map.Keys);
        Assert.Equal("tiny, mean 4:1, random ids", map.Source);
    }

    [Fact]
    public void A_method_is_computed_once()
    {
        using var prompt = tiny.Open();

        Assert.Same(prompt.Compress("mean", 2), prompt.Compress("mean:log-mass=false", 2));
        Assert.NotSame(prompt.Compress("mean", 2), prompt.Compress("mean", 4));
        Assert.NotSame(prompt.Compress(MethodSpec.Parse("random", seed: 1), Ratio.Of(2), Stop), prompt.Compress(MethodSpec.Parse("random", seed: 2), Ratio.Of(2), Stop));
    }

    [Fact]
    public void A_text_begins_with_bos_and_its_tokens_join_to_itself()
    {
        const string text = "A naïve test: 東京 🙂 and some more words, so that there are enough of them.";
        using var loaded = LoadedModel.Open(ReferenceModel.Folder, float32, cancel: Stop);

        using var prompt = PromptAnalysis.Of(loaded, text, prefix: 12, continuation: loaded.Encode(text).Length - 11, cancel: Stop);

        Assert.Equal(text, Joined(prompt.Tokens.Skip(1)));
        Assert.Contains(prompt.Tokens, label => label.StartsWith('⟨'));
        Assert.Equal(loaded.Tokenizer.TokenText(loaded.BosId), prompt.Tokens[0]);
    }

    [Fact]
    public void What_cannot_be_opened_or_shown_is_said_in_a_sentence()
    {
        var loaded = tiny.Model();
        Assert.Contains($"has {loaded.Encode("a b c").Length} ids from 0 on, but 79 are needed", Assert.Throws<DataException>(() => PromptAnalysis.Of(loaded, "a b c", 60, 20, cancel: Stop)).Message);
        Assert.Contains("prefix of 80", Assert.Throws<UsageException>(() => PromptAnalysis.Of(loaded, TinyPrompt.Ids(80), 80, cancel: Stop)).Message);
        Assert.Contains("found 9000", Assert.Throws<UsageException>(() => PromptAnalysis.Of(loaded, [0, 9000, 1], 2, cancel: Stop)).Message);
        Assert.Contains("longer than the 256 positions", Assert.Throws<UsageException>(() => PromptAnalysis.Of(loaded, TinyPrompt.Ids(300), 200, cancel: Stop)).Message);
        Assert.Contains("sliding window of 35", Assert.Throws<UsageException>(() => PromptAnalysis.Of(tiny.Model(35), TinyPrompt.Ids(100), 60, cancel: Stop)).Message);
        using var prompt = tiny.Open();
        Assert.Contains("layer 3 must be 0 to 2", Assert.Throws<UsageException>(() => prompt.Dense(3, 0, 0..4)).Message);
        Assert.Contains("query head 6 must be 0 to 5", Assert.Throws<UsageException>(() => prompt.Dense(0, 6, 0..4)).Message);
        Assert.Contains("KV head 2 must be 0 to 1", Assert.Throws<UsageException>(() => prompt.Compress("mean", 2).SlotsOf(0, 2)).Message);
        Assert.Contains("queries 59..62 must lie within positions 60 to 80", Assert.Throws<UsageException>(() => prompt.Compress("mean", 2).Map(0, 0, 59..62)).Message);
        Assert.Contains("tokens 7..7 must", Assert.Throws<UsageException>(() => prompt.Compress("mean", 2).Ingredients(0, 0, 7..7)).Message);
    }

    // What a single pass over all ids shows of a layer.
    private static (Tensor Keys, Tensor Queries) OnePass(LanguageModel model, int layer)
    {
        using var frozen = no_grad();
        using var cache = model.NewCache(1);
        Tensor? keys = null, queries = null;
        var ids = TinyPrompt.Ids(TinyPrompt.Prefix + TinyPrompt.Continuation).Select(id => (long)id).ToArray();
        model.Run(tensor(ids, 1, ids.Length), cache, new SegmentOptions
        {
            Capture = CaptureNeeds.Queries,
            OnLayer = seen =>
            {
                if (seen.Layer == layer) (keys, queries) = (seen.Keys[0].clone().MoveToOuterDisposeScope().MoveToOuterDisposeScope(), seen.Queries![0].clone().MoveToOuterDisposeScope().MoveToOuterDisposeScope());
            },
        });
        return (keys!, queries!);
    }

    // Labels of partial characters are their bytes.
    private static string Joined(IEnumerable<string> labels) => System.Text.Encoding.UTF8.GetString([.. labels.SelectMany(label =>
        label is ['⟨', .. var bytes, '⟩'] ? bytes.Split(' ').Select(text => Convert.ToByte(text, 16)) : System.Text.Encoding.UTF8.GetBytes(label))]);
}
