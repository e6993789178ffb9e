using LST.Core.Attention.Cpu.Vectors;
using LST.Core.Models;
using LST.Core.Models.Decoding;
using LST.Core.Tests.Attention.Cpu;

namespace LST.Core.Tests.Models.Decoding;

public unsafe class DecodeStepTests
{
    private static readonly long[][] Texts = [[3, 17, 5, 0, 28, 28, 9, 11, 2], [30, 1, 4, 4, 19, 7, 22, 13, 8]];

    private static readonly ModelConfig Plain = new()
    {
        ModelType = "llama", HiddenSize = 48, IntermediateSize = 88, Layers = 3, QueryHeads = 6, KeyValueHeads = 2, HeadDim = 16,
        VocabularySize = 31, MaxPositions = 64, RmsNormEpsilon = 1e-5,
    };

    public static TheoryData<string> Models => [.. new[] { "plain", "tied", "biased", "window", "odd" }];

    [Theory]
    [MemberData(nameof(Models))]
    public void Agrees_with_a_decoder_in_doubles(string model)
    {
        using var decoder = new RandomDecoder(new Random(1), Config(model), ElementType.Float32);
        using var pool = new WorkerPool(2);
        using var step = new DecodeStep(pool, decoder.Config, decoder.Weights, ElementType.Float32, batch: 2);
        using var cache = new BlockDecodeCache(decoder.Config, 2, ElementType.Float32, blockTokens: 4);

        for (var t = 0; t < Texts[0].Length; t++)
        {
            step.Run([Texts[0][t], Texts[1][t]], [t, t], cache);
            for (var b = 0; b < 2; b++) AssertClose(decoder.Logits(Texts[b][..(t + 1)]), step.LogitsOf(b), 1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(WidthData.WithTypes), MemberType = typeof(WidthData))]
    public void Weights_and_cache_may_be_stored_in_any_type(int ordinal, int weightType)
    {
        var cacheType = WidthData.Types[ordinal % 3];
        using var decoder = new RandomDecoder(new Random(2), Plain, (ElementType)weightType);
        using var pool = new WorkerPool(2);
        using var step = new DecodeStep(pool, Plain, decoder.Weights, cacheType);
        using var cache = new BlockDecodeCache(Plain, 1, cacheType);
        for (var t = 0; t < Texts[0].Length; t++) step.Run([Texts[0][t]], [t], cache);

        // The oracle does not round keys and values: bfloat16 keeps 8 bits of them, half 11.
        var tolerance = cacheType switch { ElementType.Float32 => 1e-4, ElementType.Float16 => 1e-2, _ => 8e-2 };
        AssertClose(decoder.Logits(Texts[0]), step.LogitsOf(0), tolerance);
    }

    [Fact]
    public void Bits_depend_on_neither_the_number_of_workers_nor_the_batch()
    {
        using var decoder = new RandomDecoder(new Random(3), Plain, ElementType.BFloat16);
        var single = Decode(workers: 1, [Texts[1]]);
        var both = Decode(workers: 4, [Texts[0], Texts[1]]);

        Assert.Equal(single[0], both[1]);
        return;

        float[][] Decode(int workers, long[][] texts)
        {
            using var pool = new WorkerPool(workers);
            using var step = new DecodeStep(pool, Plain, decoder.Weights, ElementType.BFloat16, texts.Length);
            using var cache = new BlockDecodeCache(Plain, texts.Length, ElementType.BFloat16);
            for (var t = 0; t < texts[0].Length; t++) step.Run([.. texts.Select(text => text[t])], [.. texts.Select(_ => (long)t)], cache);
            return [.. texts.Select((_, b) => step.LogitsOf(b).ToArray())];
        }
    }

    [Fact]
    public void A_step_to_the_hidden_states_leaves_the_logits_and_gives_their_input()
    {
        using var decoder = new RandomDecoder(new Random(4), Plain, ElementType.Float32);
        using var pool = new WorkerPool(2);
        using var step = new DecodeStep(pool, Plain, decoder.Weights, ElementType.Float32);
        using var cache = new BlockDecodeCache(Plain, 1, ElementType.Float32);
        step.Run([3], [0], cache);
        var before = step.LogitsOf(0).ToArray();

        step.Run([17], [1], cache, DecodeOutput.Hidden);
        Assert.Equal(before, step.LogitsOf(0).ToArray());

        MatrixVector.Multiply(pool, new Projection(decoder.Weights.Head, step.Logits), step.Hidden, 1);
        AssertClose(decoder.Logits([3, 17]), step.LogitsOf(0), 1e-4);
        Assert.Equal(step.LogitsOf(0).ToArray().Max(), step.LogitsOf(0)[step.ArgMax(0)]);
    }

    [Fact]
    public void Allocates_nothing_per_step()
    {
        using var decoder = new RandomDecoder(new Random(5), Plain, ElementType.BFloat16);
        using var pool = new WorkerPool(2);
        using var step = new DecodeStep(pool, Plain, decoder.Weights, ElementType.BFloat16);
        using var cache = new BlockDecodeCache(Plain, 1, ElementType.BFloat16);
        for (var t = 0; t < 100; t++) step.Run([t % 31], [t], cache);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var t = 100; t < 150; t++) step.Run([t % 31], [t], cache);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Refuses_weights_and_tokens_that_do_not_fit_the_model()
    {
        using var decoder = new RandomDecoder(new Random(6), Plain, ElementType.Float32);
        using var pool = new WorkerPool(1);
        using var step = new DecodeStep(pool, Plain, decoder.Weights, ElementType.Float32);
        using var cache = new BlockDecodeCache(Plain, 1, ElementType.Float32);

        Assert.Contains("token id 31", Assert.Throws<ArgumentException>(() => step.Run([31], [0], cache)).Message);
        Assert.Contains("position -1", Assert.Throws<ArgumentException>(() => step.Run([1], [-1], cache)).Message);
        Assert.Contains("1 to 1 tokens", Assert.Throws<ArgumentException>(() => step.Run([1, 2], [0, 0], cache)).Message);
        Assert.Contains("2 positions", Assert.Throws<ArgumentException>(() => Wide(decoder).Run([1, 2], [0], cache)).Message);
        var shape = Assert.Throws<ArgumentException>(() => new DecodeStep(pool, Plain with { HiddenSize = 50 }, decoder.Weights, ElementType.Float32));
        Assert.Contains("embedding: weight [31, 50] expected, got [31, 48]", shape.Message);
        return;

        DecodeStep Wide(RandomDecoder weights) => new(pool, Plain, weights.Weights, ElementType.Float32, 2);
    }

    [Fact]
    public void Refuses_float16_weights_that_are_not_finite()
    {
        using var decoder = new RandomDecoder(new Random(7), Plain, ElementType.Float16);
        using var pool = new WorkerPool(1);
        ((Half*)decoder.Weights.Layers[1].Down.Data)[5] = Half.NegativeInfinity;

        var exception = Assert.Throws<ModelFileException>(() => new DecodeStep(pool, Plain, decoder.Weights, ElementType.Float16));
        Assert.StartsWith("layer 1 down: a float16 weight must be finite", exception.Message);
    }

    [Fact]
    public void A_slice_of_a_matrix_has_its_rows_and_biases()
    {
        using var weight = Numbers.Random(new Random(8), 12 * 5, 1, ElementType.BFloat16);
        using var bias = Numbers.Random(new Random(9), 12);
        var whole = new WeightMatrix(weight.Pointer, ElementType.BFloat16, 12, 5, bias.Floats);

        var slice = whole.Slice(8, 4);

        Assert.Equal((4, 5), (slice.Rows, slice.Columns));
        Assert.True(slice.Data == whole.Data + 80 && slice.Bias == whole.Bias + 8);
        Assert.Throws<ArgumentOutOfRangeException>(() => new WeightMatrix(null, ElementType.Float32, 12, 5).Slice(8, 5));
    }

    private static ModelConfig Config(string model) => model switch
    {
        "tied" => Plain with { TiedHead = true, QueryHeads = 4, KeyValueHeads = 4, RopeTheta = 500000 },
        "biased" => Plain with { QkvBias = true, OutputBias = true, MlpBias = true },
        "window" => Plain with { SlidingWindow = 3 },
        "odd" => Plain with { HiddenSize = 37, IntermediateSize = 53, QueryHeads = 5, KeyValueHeads = 1, HeadDim = 6 },
        _ => Plain,
    };

    private static void AssertClose(double[] expected, ReadOnlySpan<float> actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * (1 + Math.Abs(expected[i])), $"logit {i} is {actual[i]}, expected {expected[i]}");
    }
}
