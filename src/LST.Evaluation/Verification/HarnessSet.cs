using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using LST.Core;
using LST.Evaluation.Benchmarks.ZeroShot;
using LST.Evaluation.Benchmarks.ZeroShot.Rolling;
using static TorchSharp.torch;

namespace LST.Evaluation.Verification;

/// <summary>One set of the harness: its model, its settings, and the data files that it names.</summary>
internal sealed partial class HarnessSet : IDisposable
{
    public const string ResultsFile = "results.json", BriefFile = "brief.json";

    private readonly Dictionary<string, ZeroShotItems> items = [];
    private readonly VerificationContext context;
    private readonly string describedIn;
    private readonly JsonElement description;

    private HarnessSet(string describedIn, JsonElement description, VerificationContext context)
    {
        (this.describedIn, this.description, this.context) = (describedIn, description, context);
        Loaded = LoadedModel.Open(HarnessModel.Find(description.GetProperty("model"), describedIn, context), float32, cancel: context.Cancel);
        try
        {
            var harness = description.GetProperty("harness");
            MaxLength = harness.TryGetProperty("max_length", out var length) ? length.GetInt32() : Loaded.Model.Config.MaxPositions;
            Encoder = EncoderOf(harness);
            Replicates = harness.TryGetProperty("bootstrap_iters", out var iterations) ? iterations.GetInt32() : 1000;
            HeldBack = harness.TryGetProperty("fewshot_pool", out var pool) && FirstNumber().Match(pool.GetString()!) is { Success: true } found ? int.Parse(found.Value, CultureInfo.InvariantCulture) : 100;
            FewShotSeed = harness.TryGetProperty("fewshot_seed", out var seed) ? seed.GetInt64() : FewShotSampler.Seed;
            Limit = description.TryGetProperty("limit", out var limit) && limit.ValueKind == JsonValueKind.Number ? limit.GetInt32() : 0;
            Scorer = new LogLikelihoodScorer(Loaded.Model, MaxLength);
            Rolling = new RollingPerplexity(Loaded, Encoder, MaxLength);
        }
        catch
        {
            Loaded.Dispose();
            throw;
        }
    }

    public LoadedModel Loaded { get; }

    public PairEncoder Encoder { get; }

    public LogLikelihoodScorer Scorer { get; }

    public RollingPerplexity Rolling { get; }

    public int MaxLength { get; }

    /// <summary>Bootstrap replicates of LAMBADA's perplexity.</summary>
    public int Replicates { get; }

    /// <summary>Items at the end of a data file that serve as examples.</summary>
    public int HeldBack { get; }

    /// <summary>Seed of the draws of examples.</summary>
    public long FewShotSeed { get; }

    /// <summary>Only the first documents of a file were scored for <c>brief.json</c>; 0: all.</summary>
    public int Limit { get; }

    /// <summary>Whether a folder is a set: it holds a description, or it lies in <c>hf-eval</c> and holds rows.</summary>
    public static bool IsOne(string folder) => Describe(folder) is not null
        || (Path.GetFileName(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))) == "hf-eval" && Directory.EnumerateFiles(folder, "*.jsonl").Any());

    /// <exception cref="LstException">The description, the model or its tokenizer is missing, or does not fit.</exception>
    public static HarnessSet Open(string folder, VerificationContext context) => Describe(folder) is { } found
        ? new HarnessSet(found.Path, found.Description, context)
        : throw new DataException($"the set has neither {ResultsFile} nor {BriefFile}, which name its model; copy it whole");

    /// <summary>Tasks of a description in its order.</summary>
    public static IEnumerable<(string Name, JsonElement Task)> Tasks(string folder, string file) => Read(Path.Combine(folder, file)) is { } root && root.TryGetProperty("results", out var results) && results.ValueKind == JsonValueKind.Object
        ? results.EnumerateObject().Select(task => (task.Name, task.Value)) : [];

    /// <summary>The data file of a task as the set names it.</summary>
    /// <exception cref="DataException">It is not found.</exception>
    public string DataFile(string task)
    {
        if (!description.GetProperty("data").TryGetProperty(task, out var entry)) throw new DataException($"the set names no data file of task '{task}'");
        var (file, sha256) = (entry.GetProperty("file").GetString()!, entry.GetProperty("sha256").GetString()!);
        return context.Find(file, sha256, describedIn) ?? throw new DataException($"{file} with sha256 {sha256[..Math.Min(12, sha256.Length)]}… is not found");
    }

    /// <summary>The items of a task.</summary>
    public ZeroShotItems Items(string task)
    {
        if (items.TryGetValue(task, out var known)) return known;
        return items[task] = ZeroShotCatalog.Read(ZeroShotTask.Of(task), DataFile(task));
    }

    /// <summary>The items that a task scores, with examples where it has them, from the first on.</summary>
    public IEnumerable<ZeroShotDocument> Prompted(string task, int examples, Func<IReadOnlyList<ZeroShotDocument>, IEnumerable<ZeroShotDocument>> choose)
    {
        var all = Items(task);
        var (scored, pool) = examples == 0 ? (all.Documents, []) : FewShotSampler.HoldBack(all.Documents, HeldBack);
        var sampler = new FewShotSampler(all.Task, pool, examples, FewShotSeed);
        return choose(scored).Select(sampler.Next);
    }

    public void Dispose() => Loaded.Dispose();

    private static (string Path, JsonElement Description)? Describe(string folder)
    {
        foreach (var file in new[] { ResultsFile, BriefFile })
            if (Path.Combine(folder, file) is var path && Read(path) is { } root && root.TryGetProperty("harness", out _) && root.TryGetProperty("model", out _)) return (path, root);
        return null;
    }

    private static JsonElement? Read(string path)
    {
        if (!File.Exists(path)) return null;
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // Whether the tokenizer adds BOS by itself shows in what it made of one letter.
    private PairEncoder EncoderOf(JsonElement harness)
    {
        var prefix = harness.TryGetProperty("prefix_token_id", out var id) ? id.GetInt32() : Loaded.BosId;
        var adds = !harness.TryGetProperty("add_bos_token", out var flag) || flag.ValueKind != JsonValueKind.False;
        int[]? letter = harness.TryGetProperty("ids_of_a", out var ids) ? [.. ids.EnumerateArray().Select(value => value.GetInt32())] : null;
        if (letter is not null) adds = letter.Length > 0 && letter[0] == prefix;
        var encoder = PairEncoder.Of(Loaded, prefix, adds);
        if (letter is not null && !letter.SequenceEqual(encoder.Encode("a")))
            throw new DataException($"the model's tokenizer has to give the ids {string.Join(", ", letter)} of the letter a, but it gives {string.Join(", ", encoder.Encode("a"))}; it belongs to other weights");
        return encoder;
    }

    [GeneratedRegex("[0-9]+", RegexOptions.CultureInvariant)]
    private static partial Regex FirstNumber();
}
