using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LST.Core;
using LST.Core.Models.Checkpoints;
using LST.Core.Text;
using LST.Evaluation.Benchmarks.Ruler;
using LST.Evaluation.Benchmarks.Ruler.Generators;
using LST.Evaluation.Verification.Metrics;

namespace LST.Evaluation.Verification;

/// <summary>What the samples of one folder are made with, and the sequences that were begun.</summary>
internal sealed class RulerFolder
{
    /// <summary>What names tokenizer and haystack.</summary>
    public const string ParametersFile = "params.json";

    // That nothing fits is known long before a sample is given up.
    private const int NeverFitsTries = 50;

    private readonly JsonElement parameters;
    private readonly Func<string, int> tokens;
    private readonly RulerData data;
    private readonly CancellationToken cancel;
    private readonly Dictionary<RulerSettings, (RulerSequence Sequence, List<RulerSample> Samples)> sequences = [];

    private RulerFolder(JsonElement parameters, ITokenizer tokenizer, RulerData data, CancellationToken cancel)
    {
        this.parameters = parameters;
        this.data = data;
        this.cancel = cancel;
        tokens = text => tokenizer.Encode(text, parseSpecial: true).Length;
    }

    /// <summary>Reads <c>params.json</c> and opens what it names.</summary>
    /// <exception cref="LstException">Something is missing or damaged.</exception>
    public static RulerFolder Open(string folder, VerificationContext context)
    {
        var path = Path.Combine(folder, ParametersFile);
        var parameters = TokenizerModel.ReadObject(path) ?? throw new DataException("params.json, which names tokenizer and haystack, is not beside the samples");
        var tokenizer = OpenTokenizer(Named("tokenizer") ?? throw new DataException("params.json names no tokenizer"));
        return new RulerFolder(parameters, tokenizer, new RulerData(Find), context.Cancel);

        string? Named(string field)
        {
            if (Text(parameters, field) is not { } name) return null;
            var sha256 = Text(parameters, field + "_sha256");
            return context.Find(name, sha256, path) ?? throw new DataException(sha256 is null ? $"{name} is not found" : $"{name} with sha256 {sha256[..Math.Min(12, sha256.Length)]}… is not found");
        }

        string? Find(string name) => name.StartsWith("haystack/", StringComparison.Ordinal) && name.EndsWith(".txt", StringComparison.Ordinal) ? Named("haystack") ?? context.Find(name, null, path)
            : name.EndsWith("haystack-sentences.tsv", StringComparison.Ordinal) ? context.Find("haystack-sentences.tsv", null, path)
            : context.Find(name, null, path);
    }

    /// <summary>Compares one line with the sample of its number.</summary>
    public string? CheckSample(JsonElement line)
    {
        var (sequence, sample) = Sample(Settings(line), line.GetProperty("sample_index").GetInt32());
        if (sample is null) return "there are not so many samples";
        return MetricDifference.First(
            MetricDifference.Text(line.GetProperty("input"), sample.Input, "input"),
            MetricDifference.Text(line.GetProperty("answer_prefix"), sample.AnswerPrefix, "answer_prefix"),
            MetricDifference.Texts(line.GetProperty("outputs"), sample.Outputs, "outputs"),
            Whole(line, "length", sample.Length),
            Whole(line, "size", sample.Size),
            Whole(line, "index", sample.AnswerOffset),
            Whole(line, "token_position_answer", sample.AnswerToken),
            Text(line, "sha256") is { } digest ? MetricDifference.Text(digest, Sha256(sample.Text), "sha256") : null,
            line.TryGetProperty("search", out var search) ? Search(search, sequence.Search) : null);
    }

    /// <summary>Checks that no sample of a task is found, and the fewest tokens that its search saw.</summary>
    public string? CheckNeverFits(JsonElement entry)
    {
        var run = new GeneratorRun(Settings(entry).Checked(), tokens, cancel) { MostTries = NeverFitsTries };
        try
        {
            var sample = RulerSequence.Begin(run, data).Next();
            return $"a sample of {sample?.Length} tokens was made, expected that none fits";
        }
        catch (DataException) when (run.GivenUp is not null)
        {
            var (smallest, search) = run.GivenUp.Value;
            return MetricDifference.First(Whole(entry, "smallest_size", smallest), Whole(entry, "tokens", search.Min(step => step.Length)));
        }
    }

    private RulerSettings Settings(JsonElement line)
    {
        var task = RulerTasks.Find(line.GetProperty("task").GetString()!);
        if (line.TryGetProperty("tokens_to_generate", out var reserve)) task = task with { NewTokens = reserve.GetInt32() };
        var seed = line.TryGetProperty("random_seed", out var own) || parameters.TryGetProperty("random_seed", out own) ? own.GetUInt32() : 42;
        var template = RulerTemplate.Find(Text(line, "template") ?? Text(parameters, "template") ?? "base");
        return new(task, line.GetProperty("max_seq_length").GetInt32(), seed, RulerVariants.Find(Text(line, "variant") ?? "reference"), template);
    }

    private (RulerSequence Sequence, RulerSample? Sample) Sample(RulerSettings settings, int index)
    {
        if (!sequences.TryGetValue(settings, out var begun)) sequences[settings] = begun = (RulerSequence.Begin(settings, tokens, data, cancel), []);
        while (begun.Samples.Count <= index && begun.Sequence.Next() is { } sample) begun.Samples.Add(sample);
        return (begun.Sequence, index < begun.Samples.Count ? begun.Samples[index] : null);
    }

    private static string? Search(JsonElement expected, IReadOnlyList<RulerSearchStep> steps) =>
        expected.GetArrayLength() != steps.Count ? $"search: {steps.Count} steps, expected {expected.GetArrayLength()}"
            : expected.EnumerateArray().Zip(steps, (e, step) => MetricDifference.Ids(e, [step.Size, step.Length, step.Limit], $"search step of size {step.Size}")).FirstOrDefault(found => found is not null);

    private static string? Whole(JsonElement line, string field, int? actual)
    {
        if (!line.TryGetProperty(field, out var expected)) return null;
        int? wanted = expected.ValueKind == JsonValueKind.Null ? null : expected.GetInt32();
        return wanted == actual ? null : $"{field} is {actual?.ToString() ?? "missing"}, expected {wanted?.ToString() ?? "none"}";
    }

    private static string? Text(JsonElement element, string field) => element.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string Sha256(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static ITokenizer OpenTokenizer(string path)
    {
        if (!path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)) return TokenizerFiles.FromFile(path);
        using var file = GgufFile.Open(path);
        return TokenizerFiles.FromGguf(file.Metadata);
    }
}
