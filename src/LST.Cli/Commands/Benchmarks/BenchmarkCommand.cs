using System.Diagnostics;
using System.Text.Json.Nodes;
using LST.Cli.Terminal;
using LST.Core;
using LST.Core.Compression;
using LST.Evaluation;
using LST.Evaluation.Benchmarks;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Results;
using LST.Evaluation.Benchmarks.Runs;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Records;
using Spectre.Console.Cli;

namespace LST.Cli.Commands.Benchmarks;

/// <summary>A benchmark from its flags to its table: everything that can be found wrong is found before the model is read.</summary>
/// <typeparam name="TSettings">Its flags.</typeparam>
public abstract class BenchmarkCommand<TSettings> : Command<TSettings>
    where TSettings : BenchmarkCommandSettings
{
    /// <summary>Its name in manifests and folders.</summary>
    protected abstract string Benchmark { get; }

    /// <summary>What is asked for beyond the shared flags, checked; data that can be read without a model is read here.</summary>
    protected abstract IBenchmarkPlan Plan(TSettings settings);

    /// <summary>Folder of the item lines.</summary>
    /// <param name="settings">Flags.</param>
    /// <param name="model">Short name of the model.</param>
    protected virtual string PlaceOf(TSettings settings, string model) => settings.Out ?? Path.Combine(
        ProjectFolders.Work ?? throw new UsageException("--out: there is no project around the current folder, so that a folder for item lines must be given"), "items", $"{Benchmark}-{model}{(settings.QueryAware ? "-query-aware" : "")}");

    /// <inheritdoc/>
    public override int Execute(CommandContext context, TSettings settings, CancellationToken cancellationToken)
    {
        var seed = Numbers.Whole("--seed", settings.Seed, 0);
        var limit = Numbers.Positive("--limit", settings.Limit);
        var shard = settings.Shard is null ? Shard.Whole : Shard.Parse(settings.Shard);
        var asked = new BenchmarkSettings
        {
            Methods = MethodSpec.ParseList(settings.Methods, seed, settings.Sidecar),
            Ratios = [.. settings.Ratios.Split(',').Select(Ratio.Parse).Distinct().Order()],
            Limit = limit,
            Shard = shard,
        };
        var dtype = PerplexitySettings.ParseDtype(settings.Dtype);
        var plan = Plan(settings);
        if (Numbers.Threads("--threads", settings.Threads) is { } threads) TorchSharp.torch.set_num_threads(threads);

        IReadOnlyList<string> notes = [];
        BenchmarkRecord? record = null;
        var clock = Stopwatch.StartNew();
        var folder = RunDisplay.Show(progress =>
        {
            using var loaded = LoadedModel.Open(settings.Model, dtype, settings.Attention.ToLowerInvariant(), progress, cancel: cancellationToken);
            using var contexts = new CompressedContexts(loaded);
            var mode = settings.QueryAware ? CompressionMode.QueryAware : CompressionMode.QueryAgnostic;
            var tasks = plan.Load(loaded, contexts, mode, limit, cancellationToken);
            var place = PlaceOf(settings, loaded.Identity.Name);
            var run = new BenchmarkRun(plan.LimitsItself ? asked with { Limit = null } : asked, contexts);
            var rows = run.Rows();
            var versions = MachineInfo.Versions();
            var items = ItemFolder.Open(place, new ItemManifest
            {
                Benchmark = Benchmark,
                Mode = plan.ModeName(mode),
                Model = loaded.Identity.Name,
                WeightsSha256 = loaded.Identity.WeightsSha256,
                Seed = seed,
                Settings = new JsonObject([.. plan.Settings, KeyValuePair.Create("dtype", (JsonNode?)PerplexityNames.Dtype(dtype)), KeyValuePair.Create("attention", (JsonNode?)settings.Attention.ToLowerInvariant())]),
                Methods = rows.Select(row => row.Method).DistinctBy(method => method.Typed).ToDictionary(method => method.Typed, method => PerplexityNames.Json(method.Options)),
                Data = plan.Data,
                Sidecars = BenchmarkRecords.Sidecars(rows, contexts),
            });
            if (run.IsMissingAny(tasks, items)) items.Scores(versions.Commit + (versions.Dirty == true ? "+" : ""));
            run.Run(tasks, items, progress, cancellationToken);
            notes = [.. plan.Notes, .. run.Notes];
            // A shard is a part of a run: the record is made of the merged whole.
            if (shard.IsWhole)
            {
                var made = BenchmarkRecords.Of(loaded, contexts, items, new AskedRun(run.Asked(tasks, ItemFolder.ReadFinished(place).Lines), rows, Choices(plan, asked, tasks), plan.Data, notes), CommandText.Of(CommandLine.Given), clock.Elapsed);
                record = BenchmarkRecords.Same(RecordStore.OfProject(), made) ?? RecordStore.OfProject().Write(made);
            }
            return items;
        });
        foreach (var note in notes) Console.WriteLine(note);
        var (lines, underWay) = ItemFolder.ReadFinished(folder.FolderPath);
        ItemTable.Write(lines, folder.Manifest, underWay);
        Console.WriteLine(record is null ? $"lines in {folder.FolderPath}" : $"record {record.Id}, peak memory {MemoryEstimate.Text(record.PeakMemoryBytes)}, {record.WallSeconds:0} s; lines in {folder.FolderPath}");
        return 0;
    }

    private static JsonObject Choices(IBenchmarkPlan plan, BenchmarkSettings asked, IReadOnlyList<IBenchmarkTask> tasks) => new(
    [
        KeyValuePair.Create("tasks", (JsonNode?)new JsonArray([.. tasks.Select(task => (JsonNode?)task.Name)])),
        KeyValuePair.Create("methods", (JsonNode?)new JsonArray([.. asked.Methods.Select(method => (JsonNode?)method.Typed)])),
        KeyValuePair.Create("ratios", (JsonNode?)new JsonArray([.. asked.Ratios.Select(ratio => (JsonNode?)ratio.Value)])),
        KeyValuePair.Create("limit", (JsonNode?)(asked.Limit ?? plan.UsualLimit)),
        .. plan.Choices.Select(choice => KeyValuePair.Create(choice.Key, choice.Value?.DeepClone())),
    ]);
}

/// <summary>What a benchmark command was asked for, before there is a model.</summary>
public interface IBenchmarkPlan
{
    /// <summary>Resolved options that change a score.</summary>
    JsonObject SettingsObject { get; }

    /// <summary>The same as pairs that may be joined with others.</summary>
    IEnumerable<KeyValuePair<string, JsonNode?>> Settings => [.. SettingsObject.Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone()))];

    /// <summary>Digest of each data file.</summary>
    IReadOnlyDictionary<string, string> Data { get; }

    /// <summary>Sentences on what was left out, once tasks are loaded.</summary>
    IReadOnlyList<string> Notes { get; }

    /// <summary>Which items, resolved, beyond tasks and limit: lengths, depths.</summary>
    JsonObject Choices => [];

    /// <summary>Items of a task or cell where no limit is given; null: all.</summary>
    int? UsualLimit => null;

    /// <summary>Whether the limit is the plan's own (a number of samples) and not one of items drawn.</summary>
    bool LimitsItself => false;

    /// <summary>How lines call what is compressed.</summary>
    string ModeName(CompressionMode mode) => mode == CompressionMode.QueryAware ? "query-aware" : "query-agnostic";

    /// <summary>Tasks for a model.</summary>
    IReadOnlyList<IBenchmarkTask> Load(LoadedModel loaded, CompressedContexts contexts, CompressionMode mode, int? limit, CancellationToken cancel);
}
