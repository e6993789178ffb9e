using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LST.Evaluation.Benchmarks.Ruler;
using LST.Evaluation.PythonText;
using LST.Evaluation.Random;

namespace LST.Evaluation.Verification.Metrics;

/// <summary>Metrics of RULER and of the random generators behind it.</summary>
internal static class RulerMetrics
{
    private const string Upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    /// <summary>What is computed for each name.</summary>
    internal static IReadOnlyDictionary<string, MetricCheck> All { get; } = new Dictionary<string, MetricCheck>(StringComparer.Ordinal)
    {
        ["string_match_all"] = (inputs, expected, _) => MetricDifference.Number(expected, Match(inputs, RulerScore.MatchAll)),
        ["string_match_part"] = (inputs, expected, _) => MetricDifference.Number(expected, Match(inputs, RulerScore.MatchPart)),
        ["ruler_postprocess"] = (inputs, expected, _) => Cleaned(inputs.GetProperty("text").GetString()!, expected),
        ["python_random"] = (inputs, expected, _) => Calls(new PyRandom(Whole(inputs.GetProperty("seed"))), expected),
        ["numpy_legacy_randint"] = (inputs, expected, _) => RandInt(inputs, expected),
        ["depth_grid"] = (inputs, expected, _) => MetricDifference.Ids(
            expected, DepthGrid.Points(inputs.GetProperty("start").GetDouble(), inputs.GetProperty("stop").GetDouble(), inputs.GetProperty("num").GetInt32())),
        ["ruler_sample"] = Sample,
    };

    private static double Match(JsonElement inputs, Func<string, IReadOnlyList<string>, double> score) => RulerScore.Percent(
        [.. inputs.GetProperty("preds").EnumerateArray().Zip(inputs.GetProperty("refs").EnumerateArray(), (prediction, references) => score(prediction.GetString()!, Texts(references)))]);

    private static string? Cleaned(string text, JsonElement expected) => MetricDifference.First(
        MetricDifference.Text(expected.GetProperty("ruler"), RulerScore.Clean(text), "ruler"), MetricDifference.Text(expected.GetProperty("kvpress"), RulerScore.CleanAsKvpress(text), "kvpress"));

    private static string? RandInt(JsonElement inputs, JsonElement expected)
    {
        var random = new NpLegacyRandom(inputs.GetProperty("seed").GetUInt32());
        var (low, high) = (inputs.GetProperty("low").GetInt64(), inputs.GetProperty("high_exclusive").GetInt64());
        return MetricDifference.Numbers(expected, [.. Enumerable.Range(0, inputs.GetProperty("n").GetInt32()).Select(_ => (double)random.RandInt(low, high))]);
    }

    // The keys stand in the order of the calls on the one generator; what is drawn before a call decides what it gives.
    private static string? Calls(PyRandom random, JsonElement expected)
    {
        foreach (var call in expected.EnumerateObject())
            if (Call(random, call.Name, call.Value) is { } difference) return difference;
        return null;
    }

    private static string? Call(PyRandom random, string name, JsonElement expected)
    {
        // A leading zero keeps the number positive, and whether the text is padded says nothing.
        if (name == "getrandbits_128_hex") return Equal(BigInteger.Parse("0" + expected.GetString(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), random.GetManyRandBits(128), name);
        if (name == "uuid4") return MetricDifference.Text(expected, random.Uuid4(), name);
        if (Arguments(name, "random_x") is [var times]) return Drawn(times, random.NextDouble);
        if (Arguments(name, "getrandbits_") is [var bits, var draws]) return Integers(draws, () => random.GetManyRandBits(bits));
        if (Arguments(name, "randint_") is [var low, var high, var integers]) return Integers(integers, () => random.RandInt(low, high));
        if (Arguments(name, "choice_index_of_range_") is [var choices, var chosen]) return Drawn(chosen, () => random.Choice(Range(choices)));
        if (Arguments(name, "sample_range") is [var population, var sample]) return MetricDifference.Ids(expected, random.Sample(Range(population), sample), name);
        if (Arguments(name, "choices_upper_k") is [var letters]) return MetricDifference.Text(expected, new string(random.Choices(Upper.ToCharArray(), letters)), name);
        if (Arguments(name, "shuffle_range") is not [var shuffled]) return $"the call {name} is unknown";
        var items = Range(shuffled);
        random.Shuffle(items);
        return MetricDifference.Ids(expected, items, name);

        string? Integers(int count, Func<BigInteger> draw) => expected.GetArrayLength() != count ? $"{name}: {count}, expected {expected.GetArrayLength()}"
            : expected.EnumerateArray().Select((value, i) => Equal(Whole(value), draw(), $"{name}[{i}]")).FirstOrDefault(found => found is not null);

        string? Drawn(int count, Func<double> draw) => MetricDifference.Numbers(expected, [.. Enumerable.Range(0, count).Select(_ => draw())], name);
    }

    private static BigInteger Whole(JsonElement number) => BigInteger.Parse(number.GetRawText(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private static string? Equal(BigInteger expected, BigInteger actual, string what) => expected == actual ? null : string.Create(CultureInfo.InvariantCulture, $"{what} is {actual}, expected {expected}");

    // The numbers behind a call's name: of 'sample_range40_k4' 40 and 4; null: another call.
    private static int[]? Arguments(string name, string call)
    {
        if (!name.StartsWith(call, StringComparison.Ordinal)) return null;
        var parts = name[call.Length..].Split('_').Select(part => part.TrimStart('x', 'k')).ToArray();
        int?[] numbers = [.. parts.Select(part => int.TryParse(part, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : (int?)null)];
        return numbers.Contains(null) ? null : [.. numbers.Select(number => number!.Value)];
    }

    private static int[] Range(int count) => [.. Enumerable.Range(0, count)];

    private static string? Sample(JsonElement inputs, JsonElement expected, VerificationContext context)
    {
        var settings = new RulerSettings(
            RulerTasks.Find(inputs.GetProperty("task").GetString()!), inputs.GetProperty("max_seq_length").GetInt32(), inputs.GetProperty("random_seed").GetUInt32(),
            inputs.TryGetProperty("variant", out var variant) ? RulerVariants.Find(variant.GetString()!) : RulerVariant.Reference,
            inputs.TryGetProperty("template", out var template) ? RulerTemplate.Find(template.GetString()!) : null);
        if (inputs.TryGetProperty("tokenizer", out var tokenizer) && tokenizer.GetString() != "whitespace split") return $"the tokenizer '{tokenizer}' is unknown";
        var data = new RulerData(name => context.Find(name.StartsWith("../", StringComparison.Ordinal) ? Path.GetFileName(name) : name));
        var sample = RulerSequence.Samples(settings, text => PyText.Split(text).Count, data, context.Cancel).ElementAt(inputs.GetProperty("sample_index").GetInt32());
        return MetricDifference.First(
            MetricDifference.Texts(expected.GetProperty("outputs"), sample.Outputs, "outputs"),
            MetricDifference.Text(expected.GetProperty("answer_prefix"), sample.AnswerPrefix, "answer_prefix"),
            MetricDifference.Number(expected.GetProperty("length"), sample.Length, "length"),
            Input(expected, sample.Input));
    }

    private static string? Input(JsonElement expected, string input)
    {
        if (expected.TryGetProperty("input", out var whole)) return MetricDifference.Text(whole, input, "input");
        return MetricDifference.First(
            expected.TryGetProperty("input_first_200", out var first) ? MetricDifference.Text(first, input[..Math.Min(200, input.Length)], "first 200 characters") : null,
            expected.TryGetProperty("input_last_200", out var last) ? MetricDifference.Text(last, input[Math.Max(0, input.Length - 200)..], "last 200 characters") : null,
            MetricDifference.Text(expected.GetProperty("input_sha256_utf8"), Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(input))), "sha256"));
    }

    private static string[] Texts(JsonElement array) => [.. array.EnumerateArray().Select(text => text.GetString()!)];
}
