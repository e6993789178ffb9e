using CsCheck;
using LST.Core.Baselines;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Baselines;

public class KvZipTests
{
    private static readonly KvZipPrompt Words = new([91, 92, 93], [94, 95], [90]);

    [Fact]
    public void Equals_the_steps_written_out_in_double() =>
        Gen.Select(Gen.Int[1, 26], Gen.Int[0, 4], Gen.Int[1, 20], Gen.Bool, Gen.Int[2, 12], Gen.Int[0, 999]).Sample((tokens, sinks, chunk, layerwise, numerator, seed) =>
        {
            var ratio = Ratio.Of(numerator, 2);
            using var scope = NewDisposeScope();
            var model = new RecordedModel(TinyModels.Gqa with { Layers = 2, KeyValueHeads = 2, QueryHeads = 4, HeadDim = 4 }, TinyModels.Prompt(tokens, seed), seed);
            using var compressor = (KvZip)MethodSpec.Parse($"kvzip:sinks={sinks}:chunk={chunk}:layerwise={(layerwise ? "true" : "false")}").Create();
            compressor.Prompt = Words;
            compressor.Prepare(model);
            var scores = NaiveScores(model, sinks, chunk);
            var slots = Math.Min(tokens, Math.Max(Math.Max(1, NaiveMean.Floor(tokens, ratio)), ratio == Ratio.One ? 1 : sinks + 1));

            var plan = compressor.Plan(new PlanContext(tokens, 2, 2, ratio));

            for (var l = 0; l < 2; l++)
                Assert.InRange(PlainNumbers.Distance(scores[(2 * l)..(2 * l + 2)].SelectMany(head => head).ToArray(), PlainNumbers.Of(compressor.Scores(model.Layer(l), plan.Layers[l]))), 0, 1e-5);
            // One pool of candidates for all layers, or one a layer: head · T + token, sinks first whatever their score, and no head without a key.
            foreach (var first in layerwise ? new[] { 0, 2 } : [0])
            {
                var heads = layerwise ? 2 : 4;
                var pool = Enumerable.Range(0, heads).SelectMany(h => scores[first + h].Select((score, j) => j < sinks ? 2 - (1e-6 * j) : sinks == 0 && j == Array.IndexOf(scores[first + h], scores[first + h].Max()) ? 2 : score)).ToArray();
                var (kept, gap) = Baselines.NaiveScores.Top(pool, Enumerable.Range(0, pool.Length), heads * slots);
                if (Baselines.NaiveScores.IsOpen(gap)) continue;
                for (var h = 0; h < heads; h++)
                {
                    var (layer, head) = ((first + h) / 2, (first + h) % 2);
                    int[] expected = [.. kept.Where(at => at / tokens == h).Select(at => at % tokens)];
                    Assert.Equal(expected.Length, plan.Layers[layer].SlotsByHead[head]);
                    using var compressed = compressor.Compress(model.Layer(layer), plan.Layers[layer]);
                    Assert.Equal(expected, RandomLayer.Kept(compressed, head));
                }
            }
        }, iter: 120, threads: 1);

    [Fact]
    public void Repeats_every_chunk_behind_the_words_and_the_end_of_the_chunk_before()
    {
        long[] ids = [.. Enumerable.Range(0, 21).Select(i => (long)i)];

        Assert.Equal([91, 92, 93, 90, .. ids[..10]], Words.Repeat(ids, 0, 10));
        Assert.Equal([94, 95, .. ids[2..10], 90, .. ids[10..20]], Words.Repeat(ids, 10, 10));
        Assert.Equal([94, 95, .. ids[12..20], 90, 20], Words.Repeat(ids, 20, 1));
    }

    [Fact]
    public void Says_what_is_missing_without_a_tokenizer()
    {
        using var model = TinyModels.Load(TinyModels.Mha);
        using var compressor = MethodSpec.Parse("kvzip").Create();

        var failure = Assert.Throws<CompressionException>(() => PromptCompression.Run(model, TinyModels.Prompt(20, 1), [new CompressionJob(compressor, Ratio.Of(2))],
            cancel: TestContext.Current.CancellationToken));

        Assert.Contains("tokenizer", failure.Message);
    }

    // Largest attention of any repeat query of the group on each key of the chunk; softmax over sinks (once the chunk starts behind them), chunk and repeat input up to the query.
    private static double[][] NaiveScores(RecordedModel model, int sinks, int chunk)
    {
        var tokens = model.PromptIds.Length;
        var scores = Enumerable.Range(0, 4).Select(_ => new double[tokens]).ToArray();
        for (var start = 0; start < tokens; start += chunk)
        {
            var count = Math.Min(chunk, tokens - start);
            var before = start == 0 ? 0 : Math.Min(sinks, start);
            for (var l = 0; l < 2; l++)
            {
                var (queries, repeated) = model.Runs[start / chunk][l];
                var prompt = PlainNumbers.Heads(model.Keys(l));
                for (var q = 0; q < queries.Length; q++)
                    for (var i = 0; i < queries[q].Length; i++)
                    {
                        var h = q / (queries.Length / 2);
                        double[][] seen = [.. prompt[h][..before], .. prompt[h][start..(start + count)], .. repeated[h][..(i + 1)]];
                        var weights = seen.Select(key => Math.Exp(PlainNumbers.Dot(queries[q][i], key) / Math.Sqrt(key.Length))).ToArray();
                        for (var j = 0; j < count; j++)
                            scores[(2 * l) + h][start + j] = Math.Max(scores[(2 * l) + h][start + j], weights[before + j] / weights.Sum());
                    }
            }
        }
        return scores;
    }

    /// <summary>Random keys of a prompt, and random queries and keys for every pass behind it, which it remembers.</summary>
    private sealed class RecordedModel(ModelConfig config, long[] ids, int seed) : IModelAccess
    {
        private readonly NormalNumbers normal = new(seed);
        private readonly Dictionary<int, Tensor> keys = [];

        public ModelConfig Config => config;

        public Core.Text.ITokenizer? Tokenizer => null;

        public ReadOnlyMemory<long> PromptIds => ids;

        public List<List<(double[][][] Queries, double[][][] Keys)>> Runs { get; } = [];

        public Tensor Keys(int layer) => keys.TryGetValue(layer, out var known) ? known : keys[layer] = Draw(config.KeyValueHeads, ids.Length).DetachFromDisposeScope();

        public void RunBehindPrompt(ReadOnlySpan<long> ids, Action<int, Tensor, Tensor> onLayer)
        {
            Runs.Add([]);
            for (var l = 0; l < config.Layers; l++)
            {
                var (queries, repeated) = (Draw(config.QueryHeads, ids.Length), Draw(config.KeyValueHeads, ids.Length));
                Runs[^1].Add((PlainNumbers.Heads(queries), PlainNumbers.Heads(repeated)));
                onLayer(l, queries, repeated);
            }
        }

        public LayerContext Layer(int layer) => new() { Layer = layer, Config = config, Rotary = new RotaryEmbedding(config), Keys = Keys(layer), Values = Keys(layer) };

        private Tensor Draw(int heads, int tokens) => tensor(normal.Array((long)heads * tokens * config.HeadDim), heads, tokens, config.HeadDim) * 2;
    }
}
