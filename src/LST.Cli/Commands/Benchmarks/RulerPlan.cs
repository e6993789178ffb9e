using System.Text.Json.Nodes;
using LST.Core;
using LST.Evaluation;
using LST.Evaluation.Benchmarks;
using LST.Evaluation.Benchmarks.Ruler;
using LST.Evaluation.Benchmarks.Runs;

namespace LST.Cli.Commands.Benchmarks;

/// <summary>Samples of RULER's tasks that are made here, for the model's own tokenizer.</summary>
/// <param name="tasks">Tasks.</param>
/// <param name="lengths">Most tokens of prompt and answer.</param>
/// <param name="isShort">Whether tasks take the variant that can be made at short lengths.</param>
/// <param name="seed">Seed of the samples.</param>
/// <param name="template">The model's wrap.</param>
internal sealed class RulerPlan(IReadOnlyList<RulerTask> tasks, int[] lengths, bool isShort, uint seed, RulerTemplate template) : IBenchmarkPlan
{
    /// <summary>Samples of a task and length where no limit is given.</summary>
    private const int UsualSamples = 20;

    private readonly List<string> notes = [];
    private int missing;

    // Tables with a wrap are other ones than those without.
    public JsonObject SettingsObject
    {
        get
        {
            var settings = new JsonObject { ["variant"] = isShort ? "short" : "reference", ["data_seed"] = seed };
            if (template != RulerTemplate.Base) settings["template"] = template.Name;
            return settings;
        }
    }

    public IReadOnlyDictionary<string, string> Data { get; private set; } = new Dictionary<string, string>();

    public IReadOnlyList<string> Notes => notes;

    public bool LimitsItself => true;

    public int? UsualLimit => UsualSamples;

    public JsonObject Choices => new() { ["lengths"] = new JsonArray([.. lengths.Select(length => (JsonNode?)length)]) };

    /// <summary>How much of what was asked for could not be made, a sentence; null: all of it was.</summary>
    public string? Missing => missing == 0 ? null
        : $"{missing} of {tasks.Count * lengths.Length} pairs of task and length {(missing == 1 ? "has" : "have")} no samples here, or fewer than asked for; the sentences above the table say why";

    public IReadOnlyList<IBenchmarkTask> Load(LoadedModel loaded, CompressedContexts contexts, CompressionMode mode, int? limit, CancellationToken cancel)
    {
        var data = RulerData.FromEnvironment();
        List<IBenchmarkTask> loadedTasks = [];
        foreach (var task in tasks)
        {
            var variant = isShort ? RulerVariants.Of(task)[^1] : RulerVariant.Reference;
            List<RulerSample> samples = [];
            foreach (var length in lengths)
            {
                if (length > loaded.Model.Config.MaxPositions) throw new UsageException($"--lengths {length}: model '{loaded.Identity.Name}' was trained on {loaded.Model.Config.MaxPositions} positions; give shorter lengths");
                try
                {
                    samples.AddRange(RulerSequence.Samples(new RulerSettings(task, length, seed, variant, template), text => loaded.Tokenizer.Encode(text, parseSpecial: true).Length, data, cancel).Take(limit ?? UsualSamples));
                }
                catch (DataException problem)
                {
                    // A task that cannot be made says so beside the table; the others run.
                    missing++;
                    if (!notes.Contains(problem.Message)) notes.Add(problem.Message);
                }
            }
            if (samples.Count > 0) loadedTasks.Add(new RulerBenchmark(loaded, contexts, task, [.. samples.Select(sample => RulerItem.Of(sample))], mode, Flags(task, data, samples)));
        }
        Data = data.Digests();
        return loadedTasks.Count > 0 ? loadedTasks : throw new DataException(missing == 1 ? notes[0] : $"None of the {missing} pairs of task and length that were asked for can be made; the first: {notes[0]}");
    }

    // Beyond its last word the haystack begins again, and there sentences are cut otherwise than RULER does it.
    private static string[] Flags(RulerTask task, RulerData data, List<RulerSample> samples) => !task.HasEssays ? []
        : [$"haystack={data.Essays.Name}", $"sentence_splitter={data.Essays.SentenceSplitter}", .. samples.Exists(sample => sample.Size > data.Essays.WordCount) ? ["haystack-repeated"] : (string[])[]];
}
