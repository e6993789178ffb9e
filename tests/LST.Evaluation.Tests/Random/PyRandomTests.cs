using System.Globalization;
using System.Numerics;
using System.Text.Json;
using CsCheck;
using LST.Evaluation.Random;

namespace LST.Evaluation.Tests.Random;

public class PyRandomTests
{
    [Fact]
    public void Repeats_the_listed_calls_of_the_goldens_in_order()
    {
        foreach (var (id, inputs, expected) in MetricGoldens.Of("python_random"))
        {
            var random = new PyRandom(BigInteger.Parse(inputs.GetProperty("seed").GetRawText(), CultureInfo.InvariantCulture));

            foreach (var call in expected.EnumerateObject())
                Assert.True(Matches(random, call.Name, call.Value), $"{id}: {call.Name}");
        }
    }

    [Fact]
    public void Seed_42_gives_the_worked_example()
    {
        var random = new PyRandom(42);

        Assert.Equal([0.639427, 0.025011, 0.275029], Times(3, () => Math.Round(random.NextDouble(), 6)));
    }

    // Values of CPython 3.11.
    [Theory]
    [InlineData(0, 0.8444218515250481)]
    [InlineData(4294967296, 0.11299430095636409)]
    [InlineData(9223372036854775807, 0.3166448820870279)]
    public void One_and_two_word_seeds_give_Pythons_first_number(long seed, double first) => Assert.Equal(first, new PyRandom(seed).NextDouble());

    [Fact]
    public void Larger_seeds_and_any_number_of_bits_give_Pythons_numbers()
    {
        var random = new PyRandom(BigInteger.Pow(2, 64) + 1);

        Assert.Equal(0.10175875467846374, random.NextDouble());
        BigInteger[] bits = [.. new[] { 100, 64, 1, 0, 33 }.Select(random.GetManyRandBits)];
        Assert.Equal([BigInteger.Parse("1129058913230559736977425246461"), 12388761214378399390, 0, 0, 2127161655], bits);
        Assert.Equal(0.46679953776226335, new PyRandom(-BigInteger.Pow(2, 70) - 5).NextDouble());
    }

    [Fact]
    public void The_two_forms_of_random_bits_agree() =>
        Gen.Select(Gen.Long, Gen.Int[1, 64]).Sample((seed, bits) => new PyRandom(seed).GetManyRandBits(bits) == new PyRandom(seed).GetRandBits(bits));

    [Fact]
    public void A_negative_seed_counts_by_its_absolute_value() =>
        Gen.Long[1, long.MaxValue].Sample(seed => new PyRandom(seed).GetRandBits(64) == new PyRandom(-seed).GetRandBits(64));

    [Fact]
    public void Below_and_randint_stay_inside_their_range() => Gen.Select(Gen.Long, Gen.Long[-1_000, 1_000], Gen.Long[0, 1L << 40]).Sample((seed, low, span) =>
    {
        var drawn = new PyRandom(seed).RandInt(low, low + span);
        return drawn >= low && drawn <= low + span;
    });

    [Fact]
    public void A_sample_has_no_repeats_and_a_shuffle_loses_nothing() => Gen.Select(Gen.Long, Gen.Int[1, 300], Gen.Int[0, 300]).Sample((seed, population, count) =>
    {
        var items = Enumerable.Range(0, population).ToArray();
        var random = new PyRandom(seed);
        var sample = random.Sample(items, Math.Min(count, population));
        random.Shuffle(items);
        return sample.Distinct().Count() == sample.Length && items.Order().SequenceEqual(Enumerable.Range(0, population));
    });

    [Fact]
    public void An_empty_choice_and_a_too_large_sample_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new PyRandom(0).Choice(Array.Empty<int>()));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PyRandom(0).Sample([1, 2], 3));
    }

    private static bool Matches(PyRandom random, string call, JsonElement expected) => call switch
    {
        "random_x3" => expected.Numbers().All(e => Math.Abs(random.NextDouble() - e) < 1e-6),
        "getrandbits_32_x2" => expected.Numbers().All(e => random.GetRandBits(32) == e),
        "getrandbits_128_hex" => random.GetManyRandBits(128).ToString("x", CultureInfo.InvariantCulture).TrimStart('0') == expected.GetString(),
        "randint_1000000_9999999_x3" => expected.Numbers().All(e => random.RandInt(1_000_000, 9_999_999) == e),
        "choice_index_of_range_7_x5" => expected.Numbers().All(e => random.Choice(Range(7)) == e),
        "sample_range40_k4" => random.Sample(Range(40), 4).SequenceEqual(expected.Numbers()),
        "sample_range10_k3" => random.Sample(Range(10), 3).SequenceEqual(expected.Numbers()),
        "sample_range1000_k6" => random.Sample(Range(1_000), 6).SequenceEqual(expected.Numbers()),
        "choices_upper_k5" => new string(random.Choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ".ToCharArray(), 5)) == expected.GetString(),
        "shuffle_range10" => Shuffled(random, Range(10)).SequenceEqual(expected.Numbers()),
        "uuid4" => random.Uuid4() == expected.GetString(),
        _ => throw new InvalidOperationException($"the goldens list a call that this test does not know: {call}"),
    };

    private static double[] Range(int count) => [.. Enumerable.Range(0, count)];

    private static double[] Shuffled(PyRandom random, double[] items)
    {
        random.Shuffle(items);
        return items;
    }

    private static double[] Times(int count, Func<double> draw) => [.. Enumerable.Range(0, count).Select(_ => draw())];
}
