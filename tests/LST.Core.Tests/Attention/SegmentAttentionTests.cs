using CsCheck;
using LST.Core.Attention;
using LST.Core.Attention.Cpu.Vectors;
using LST.Core.Caching;
using LST.Core.Models;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Attention;

/// <summary>Library and reference attention over random caches against the loop over listed slots.</summary>
public class SegmentAttentionTests
{
    private static readonly Gen<Scene> Scenes =
        from batch in Gen.Int[1, 3]
        from heads in Gen.Int[1, 3]
        from @group in Gen.Int[1, 3]
        from prefix in Gen.Int[0, 9]
        from ragged in Gen.Bool
        from biased in Gen.Bool
        from tail in Gen.Int[0, 7]
        from tokens in Gen.Int[1, 6]
        from window in Gen.Int[0, 14]
        from seed in Gen.Int[0, 1_000_000]
        select new Scene(batch, heads, @group, prefix, ragged, biased, tail, tokens, window == 0 ? null : window, seed);

    [Fact]
    public void Library_attention_sees_what_true_positions_allow() => Check(new LibraryAttention());

    [Fact]
    public void Library_attention_of_long_segments_sees_what_true_positions_allow() =>
        Check(new LibraryAttention(), from scene in Scenes from tokens in Gen.Int[9, 20] select scene with { Tokens = tokens });

    [Fact]
    public void Reference_attention_sees_what_true_positions_allow() => Check(new ReferenceAttention());

    [Fact]
    public void Chunked_attention_sees_what_true_positions_allow()
    {
        using var pool = new WorkerPool(2);
        var scenes = from scene in Scenes from tokens in Gen.Int[8, 20] from type in Gen.Bool select scene with { Tokens = tokens, Type = type ? bfloat16 : float16 };
        // Whatever processor this is: once with 16-bit products, once without.
        Check(new ChunkedAttention(() => pool, isSlow: false), scenes);
        Check(new ChunkedAttention(() => pool, isSlow: true), scenes);
    }

    [Theory, InlineData(0, null), InlineData(5, null), InlineData(5, 270), InlineData(0, 40)]
    public void Chunked_attention_joins_its_chunks(int prefix, int? window)
    {
        using var scope = NewDisposeScope();
        using var pool = new WorkerPool(2);
        var scene = new Scene(Batch: 2, Heads: 2, Group: 2, prefix, Ragged: true, Biased: prefix > 0, Tail: prefix, Tokens: 300, window, Seed: 9, bfloat16);
        using var cache = scene.Cache();

        scene.AssertAttends(new ChunkedAttention(() => pool, isSlow: false), cache);
        scene.AssertAttends(new ChunkedAttention(() => pool, isSlow: true), cache);
    }

    [Fact]
    public void Masks_of_single_layers_are_not_held_together()
    {
        using var scope = NewDisposeScope();
        var scene = new Scene(Batch: 1, Heads: 2, Group: 1, Prefix: 6, Ragged: true, Biased: true, Tail: 0, Tokens: 4, Window: null, Seed: 11);
        using var cache = scene.Cache();
        using var other = scene.Cache();
        using var shared = new Scene(Batch: 1, Heads: 2, Group: 1, Prefix: 6, Ragged: false, Biased: false, Tail: 0, Tokens: 4, Window: null, Seed: 11).Cache();
        var mask = new SegmentMask(cache, 4, null, CPU);

        var (ofAll, first) = (mask.For(shared.Layers[0])!, mask.For(cache.Layers[0])!);
        var second = mask.For(other.Layers[0])!;

        Assert.True(first.IsInvalid && !second.IsInvalid && !ofAll.IsInvalid);
        Assert.Same(ofAll, mask.For(shared.Layers[0]));
        mask.Dispose();
        Assert.True(second.IsInvalid && ofAll.IsInvalid);
    }

    [Fact]
    public void Padding_of_short_heads_has_no_mass()
    {
        using var scope = NewDisposeScope();
        var scene = new Scene(Batch: 3, Heads: 2, Group: 3, Prefix: 6, Ragged: true, Biased: true, Tail: 3, Tokens: 4, Window: null, Seed: 11);
        using var cache = scene.Cache();
        var (_, _, mask) = cache.Layers[0].Prefix!.Padded();

        for (var b = 0; b < 3; b++)
            for (var h = 0; h < 2; h++)
                for (var slot = 0; slot < mask!.shape[2]; slot++)
                    Assert.Equal(slot >= cache.Layers[0].Prefix!.Length(b, h), double.IsNegativeInfinity(mask[b, h, slot].item<float>()));
        scene.AssertAttends(new LibraryAttention(), cache);
    }

    [Fact]
    public void A_batch_whose_samples_stand_at_unequal_positions_uses_each_ones_own()
    {
        using var scope = NewDisposeScope();
        var scene = new Scene(Batch: 3, Heads: 2, Group: 2, Prefix: 8, Ragged: true, Biased: true, Tail: 5, Tokens: 3, Window: 6, Seed: 5);
        using var cache = scene.Cache();

        Assert.Equal(3, cache.NextPositions.ToArray().Distinct().Count());
        scene.AssertAttends(new LibraryAttention(), cache);
        scene.AssertAttends(new ReferenceAttention(), cache);
    }

    [Fact]
    public void Layers_that_need_the_same_mask_share_it()
    {
        using var scope = NewDisposeScope();
        using var cache = new KvCache(TinyModels.Gqa, 1, float32, CPU);
        foreach (var layer in cache.Layers) layer.Tail.Append(zeros(1, 2, 3, 16), zeros(1, 2, 3, 16));
        using var mask = new SegmentMask(cache, 2, null, CPU);

        Assert.Same(mask.For(cache.Layers[0]), mask.For(cache.Layers[2]));
    }

    [Fact]
    public void A_single_query_without_bias_or_window_needs_no_mask()
    {
        using var scope = NewDisposeScope();
        using var cache = new KvCache(TinyModels.Gqa, 1, float32, CPU);
        cache.Layers[0].Tail.Append(zeros(1, 2, 3, 16), zeros(1, 2, 3, 16));
        using var mask = new SegmentMask(cache, 1, null, CPU);

        Assert.Null(mask.For(cache.Layers[0]));
    }

    private static void Check(ISegmentAttention tested, Gen<Scene>? scenes = null) => (scenes ?? Scenes).Sample(scene =>
    {
        using var scope = NewDisposeScope();
        using var cache = scene.Cache();
        scene.AssertAttends(tested, cache);
    }, iter: 150, threads: 1);

    /// <summary>A cache of one layer and a segment behind it.</summary>
    private sealed record Scene(int Batch, int Heads, int Group, int Prefix, bool Ragged, bool Biased, int Tail, int Tokens, int? Window, int Seed, ScalarType Type = ScalarType.Float32)
    {
        private const int Width = 4;

        private ModelConfig Config => TinyModels.Mha with { Layers = 1, QueryHeads = Heads * Group, KeyValueHeads = Heads, HeadDim = Width };

        public KvCache Cache()
        {
            var (random, normal) = (new Random(Seed), new NormalNumbers(Seed));
            var cache = new KvCache(Config, Batch, Type, CPU, blockTokens: 3);
            if (Prefix > 0) cache.Layers[0].Replace(Compressed(random, normal, cache));
            if (Tail > 0) cache.Layers[0].Tail.Append(Normal(normal, Batch, Heads, Tail, Width), Normal(normal, Batch, Heads, Tail, Width));
            cache.Advance(Tail);
            return cache;
        }

        public void AssertAttends(ISegmentAttention tested, KvCache cache)
        {
            var normal = new NormalNumbers(Seed + 1);
            using var mask = new SegmentMask(cache, Tokens, Window, CPU);
            using var frozen = no_grad();
            var (q, k, v) = (Normal(normal, Batch, Heads * Group, Tokens, Width), Normal(normal, Batch, Heads, Tokens, Width), Normal(normal, Batch, Heads, Tokens, Width));

            var expected = new NaiveAttention(cache, Window).Attend(q, k, v, cache.Layers[0], mask);

            Assert.InRange(PlainNumbers.Distance(expected, tested.Attend(q, k, v, cache.Layers[0], mask)), 0, Type == ScalarType.Float32 ? 2e-5 : 4e-2);
        }

        // Slots at random ascending positions below each sample's own next position; ragged heads may be empty.
        private CompressedLayer Compressed(Random random, NormalNumbers normal, KvCache cache)
        {
            List<int> offsets = [0], positions = [];
            for (var b = 0; b < Batch; b++)
            {
                var seen = Prefix + random.Next(20) + (20 * b);
                cache.NextPositions[b] = seen;
                for (var h = 0; h < Heads; h++)
                {
                    var length = Ragged ? random.Next(Prefix + 1) : Prefix;
                    var chosen = Enumerable.Range(0, seen).ToArray();
                    random.Shuffle(chosen);
                    positions.AddRange(chosen[..length].Order());
                    offsets.Add(positions.Count);
                }
            }
            var slots = positions.Count;
            return new CompressedLayer(Batch, Heads, Normal(normal, slots, Width), Normal(normal, slots, Width), [.. offsets], [.. positions],
                Biased ? Normal(normal, slots).to(float32) : null).Detached();
        }

        private Tensor Normal(NormalNumbers normal, params long[] shape) => tensor(normal.Array(shape.Aggregate((a, b) => a * b)), shape).to(Type);
    }
}
