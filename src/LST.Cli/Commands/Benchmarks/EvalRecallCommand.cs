using System.ComponentModel;
using System.Text.Json.Nodes;
using LST.Core;
using LST.Evaluation;
using LST.Evaluation.Benchmarks;
using LST.Evaluation.Benchmarks.Recall;
using LST.Evaluation.Benchmarks.Runs;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Records;
using LST.Evaluation.Texts;
using Spectre.Console.Cli;

namespace LST.Cli.Commands.Benchmarks;

/// <summary><c>./lst eval recall</c>.</summary>
public sealed class EvalRecallCommand : BenchmarkCommand<EvalRecallCommand.Flags>
{
    private const string UsualText = "wikitext2";

    /// <summary>Its flags.</summary>
    public sealed class Flags : BenchmarkCommandSettings
    {
        /// <summary>Tasks.</summary>
        [CommandOption("--tasks <LIST>"), DefaultValue("recall"), Description("recall: facts in a text and a question behind it; repeats: a span of the text comes again.")]
        public string Tasks { get; init; } = "recall";

        /// <summary>Items.</summary>
        [CommandOption("--items <FILE>"), Description("Recall items (default: recall/test.jsonl of a data folder; recall/dev.jsonl may be looked at while a sidecar is chosen).")]
        public string? Items { get; init; }

        /// <summary>Text of repeats.</summary>
        [CommandOption("--text <NAME>"), DefaultValue(UsualText), Description("Text of the repeats.")]
        public string Text { get; init; } = UsualText;

        /// <summary>P.</summary>
        [CommandOption("--prefix <P>"), Description("First id of the repeated span of repeats (default: as eval ppl).")]
        public string? Prefix { get; init; }

        /// <summary>S.</summary>
        [CommandOption("--suffix <S>"), DefaultValue("512"), Description("Ids behind the prefix in a chunk of repeats.")]
        public string Suffix { get; init; } = "512";
    }

    /// <inheritdoc/>
    protected override string Benchmark => "recall";

    /// <summary>Repeats have lengths and texts of their own, so that their lines do not lie beside those of recall items or of another text.</summary>
    protected override string PlaceOf(Flags settings, string model) => settings.Out is null && settings.Tasks.Trim() == "repeats" && ProjectFolders.Work is { } work
        ? Path.Combine(work, "items", $"repeats-{(settings.Text == UsualText ? "" : settings.Text + "-")}{model}") : base.PlaceOf(settings, model);

    /// <inheritdoc/>
    protected override IBenchmarkPlan Plan(Flags settings)
    {
        var tasks = settings.Tasks.Split(',', StringSplitOptions.TrimEntries).Distinct().ToList();
        if (tasks.Find(task => task is not ("recall" or "repeats")) is { } unknown) throw new UsageException($"task '{unknown}' is unknown; known tasks: recall, repeats");
        if (settings.QueryAware && tasks.Contains("repeats")) throw new UsageException("--query-aware: repeats have no question; leave the flag or the task out");
        if (settings.Items is { } given && !tasks.Contains("recall")) throw new UsageException($"--items '{given}': repeats are made of a text and have no items; leave the flag out, or add the task recall");
        return new RecallPlan(tasks.Contains("recall") ? (settings.Items is { } file ? ItemsFile.Require(file) : null) ?? RecallFile.Find("test") ?? throw new DataException("The recall items recall/test.jsonl are in no data folder; set LST_DATA to one that has them, or give --items.") : null, tasks.Contains("repeats") ? TextCatalog.FromEnvironment().Load(settings.Text) : null,
            Numbers.Positive("--prefix", settings.Prefix), Numbers.Positive("--suffix", settings.Suffix)!.Value);
    }

    private sealed class RecallPlan : IBenchmarkPlan
    {
        private readonly IReadOnlyList<RecallLine>? items;
        private readonly LoadedText? text;
        private readonly (int? Prefix, int Suffix) lengths;
        private readonly Dictionary<string, string> data = [];
        private readonly List<string> notes = [];

        public RecallPlan(string? file, LoadedText? text, int? prefix, int suffix)
        {
            (this.text, lengths) = (text, (prefix, suffix));
            items = file is null ? null : RecallFile.Read(file);
            if (file is not null) data["recall"] = FileDigest.Of(file);
            // Under one name whatever text it is: chunks of two texts have the same numbers.
            if (text is not null) data["repeats text"] = text.Sha256;
        }

        public JsonObject SettingsObject => [];

        public IReadOnlyDictionary<string, string> Data => data;

        public IReadOnlyList<string> Notes => notes;

        public IReadOnlyList<IBenchmarkTask> Load(LoadedModel loaded, CompressedContexts contexts, CompressionMode mode, int? limit, CancellationToken cancel)
        {
            List<IBenchmarkTask> tasks = [];
            if (items is not null) tasks.Add(new RecallBenchmark(loaded, contexts, Fitting(items, loaded), mode));
            if (text is not null)
            {
                var settings = new PerplexitySettings { Prefix = lengths.Prefix, Suffix = lengths.Suffix };
                settings.CheckPositions(loaded.Model.Config, loaded.Identity.Name);
                var prefix = settings.PrefixFor(loaded.Model.Config.MaxPositions);
                // Repeats alone depend on it, so that it is no setting of the folder.
                data["repeats chunks"] = FormattableString.Invariant($"prefix {prefix}, suffix {lengths.Suffix}");
                var chunks = ChunkedText.WithBosEach(text.Name, loaded.Encode(text.Content), loaded.BosId, prefix + lengths.Suffix, null);
                tasks.Add(new RepeatsBenchmark(loaded, contexts, [.. Enumerable.Range(0, chunks.Count).Select(c => RepeatChunk.Of(chunks[c], c, prefix))]));
            }
            return tasks;
        }

        // Beyond the positions that a model was trained on a miss says nothing of its cache.
        private IReadOnlyList<RecallLine> Fitting(IReadOnlyList<RecallLine> all, LoadedModel loaded)
        {
            var positions = loaded.Model.Config.MaxPositions;
            List<RecallLine> fitting = [.. all.Where(item => RecallIds.Of(item, loaded.Tokenizer, loaded.BosId).Ids.Length <= positions)];
            if (fitting.Count == 0) throw new DataException($"Each of the {all.Count} recall items is longer than the {positions} positions that model '{loaded.Identity.Name}' was trained on; give shorter ones with --items.");
            if (fitting.Count < all.Count) notes.Add($"recall: {all.Count - fitting.Count} of {all.Count} items are longer than the {positions} positions that model '{loaded.Identity.Name}' was trained on, and are left out");
            return fitting;
        }
    }
}
