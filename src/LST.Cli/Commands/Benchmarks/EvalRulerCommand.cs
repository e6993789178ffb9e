using System.ComponentModel;
using System.Text.Json.Nodes;
using LST.Core;
using LST.Evaluation;
using LST.Evaluation.Benchmarks;
using LST.Evaluation.Benchmarks.Ruler;
using LST.Evaluation.Benchmarks.Runs;
using Spectre.Console.Cli;

namespace LST.Cli.Commands.Benchmarks;

/// <summary><c>./lst eval ruler</c>.</summary>
public sealed class EvalRulerCommand : BenchmarkCommand<EvalRulerCommand.Flags>
{
    /// <summary>Samples of a task and length where no limit is given.</summary>
    private const int UsualSamples = 20;

    /// <summary>Its flags.</summary>
    public sealed class Flags : BenchmarkCommandSettings
    {
        /// <summary>Tasks.</summary>
        [CommandOption("--tasks <LIST>"), Description("Names of RULER's tasks, several by commas (default: the eleven that need no questions of other data sets).")]
        public string? Tasks { get; init; }

        /// <summary>Lengths.</summary>
        [CommandOption("--lengths <LIST>"), DefaultValue("1024"), Description("Tokens of prompt and answer, several by commas.")]
        public string Lengths { get; init; } = "1024";

        /// <summary>Variant.</summary>
        [CommandOption("--variant <NAME>"), DefaultValue("reference"), Description("reference; short: essay_step_25 and no_example where a task has them, so that short lengths can be made.")]
        public string Variant { get; init; } = "reference";

        /// <summary>Seed of samples.</summary>
        [CommandOption("--data-seed <N>"), DefaultValue("42"), Description("Seed of the samples; RULER's own is 42.")]
        public string DataSeed { get; init; } = "42";
    }

    /// <inheritdoc/>
    protected override string Benchmark => "ruler";

    /// <inheritdoc/>
    protected override IBenchmarkPlan Plan(Flags settings)
    {
        IReadOnlyList<RulerTask> tasks = settings.Tasks is null ? RulerTasks.Synthetic : [.. settings.Tasks.Split(',', StringSplitOptions.TrimEntries).Distinct().Select(RulerTasks.Find)];
        int[] lengths = [.. settings.Lengths.Split(',').Select(length => Numbers.Positive("--lengths", length.Trim())!.Value).Distinct().Order()];
        var isShort = settings.Variant.ToLowerInvariant() switch
        {
            "reference" => false,
            "short" => true,
            _ => throw new UsageException($"--variant '{settings.Variant}' is unknown; known: reference, short"),
        };
        return new RulerPlan(tasks, lengths, isShort, (uint)Numbers.Whole("--data-seed", settings.DataSeed, 0));
    }

    private sealed class RulerPlan(IReadOnlyList<RulerTask> tasks, int[] lengths, bool isShort, uint seed) : IBenchmarkPlan
    {
        private readonly List<string> notes = [];

        public JsonObject SettingsObject => new() { ["variant"] = isShort ? "short" : "reference", ["data_seed"] = seed };

        public IReadOnlyDictionary<string, string> Data { get; private set; } = new Dictionary<string, string>();

        public IReadOnlyList<string> Notes => notes;

        public bool LimitsItself => true;

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
                        samples.AddRange(RulerSequence.Samples(new RulerSettings(task, length, seed, variant), text => loaded.Tokenizer.Encode(text).Length, data, cancel).Take(limit ?? UsualSamples));
                    }
                    catch (DataException missing)
                    {
                        // A task that cannot be made says so beside the table; the others run.
                        notes.Add(missing.Message);
                    }
                }
                if (samples.Count > 0) loadedTasks.Add(new RulerBenchmark(loaded, contexts, task, samples, mode, Flags(task, data)));
            }
            if (loadedTasks.Exists(made => RulerTasks.Find(made.Name).HasEssays)) Data = new Dictionary<string, string> { ["haystack"] = data.Essays.Sha256 };
            return loadedTasks.Count > 0 ? loadedTasks : throw new DataException(string.Join(" ", notes));
        }

        private static string[] Flags(RulerTask task, RulerData data) => task.HasEssays ? [$"haystack={data.Essays.Name}", $"sentence_splitter={data.Essays.SentenceSplitter}"] : [];
    }
}
