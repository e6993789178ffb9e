using System.ComponentModel;
using LST.Cli.Terminal;
using LST.Core;
using LST.Core.Compression;
using LST.Core.Models.Checkpoints;
using LST.Evaluation;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Perplexity.DocumentCompatible;
using LST.Evaluation.Perplexity.Streaming;
using LST.Evaluation.Records;
using LST.Evaluation.Texts;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary><c>./lst eval ppl</c>.</summary>
public sealed class EvalPerplexityCommand : Command<EvalPerplexityCommand.Settings>
{
    /// <summary>Flags.</summary>
    public sealed class Settings : EvaluationSettings
    {
        /// <summary>Texts.</summary>
        [CommandOption("--text <NAMES>"), Description("Names or files, several by commas (./lst data list; default: api, under e3 wikitext2).")]
        public string? Text { get; init; }

        /// <summary>Ratios.</summary>
        [CommandOption("--ratios|--window-size <LIST>"), DefaultValue("2,4,8"), Description("Compression ratios, several by commas: 2, 4, 3/2 (also --window-size).")]
        public string Ratios { get; init; } = "2,4,8";

        /// <summary>Protocol.</summary>
        [CommandOption("--protocol <NAME>"), DefaultValue("e1"), Description("e1: prefill, compress, continue; e0: dense blocks; e2: streams, compressed as they go; e3: as the paper's table was made, beside correct rows (docs/table1.md).")]
        public string Protocol { get; init; } = "e1";

        /// <summary>P.</summary>
        [CommandOption("--prefix <P>"), Description("First scored id of a chunk: the P - 1 before are compressed (default: 1024, or 2048 for models trained on more than 2048 positions). Under e2 the tokens of a stream (default: the trained length).")]
        public string? Prefix { get; init; }

        /// <summary>S.</summary>
        [CommandOption("--suffix <S>"), Description("Scored ids of a chunk (default: 512).")]
        public string? Suffix { get; init; }

        /// <summary>Slots of streams.</summary>
        [CommandOption("--slots <LIST>"), Description("Under e2: numbers of slots of a stream's cache, several by commas, in place of --ratios.")]
        public string? Slots { get; init; }

        /// <summary>Step of streams.</summary>
        [CommandOption("--step <N>"), Description("Under e2: ids that arrive at a time; 1 is exact (default: 16).")]
        public string? Step { get; init; }

        /// <summary>N.</summary>
        [CommandOption("--chunks <N>"), Description("Only the first N chunks, under e2 streams (default: 16,384 scored ids), under e3 samples (default: all).")]
        public string? Chunks { get; init; }

        /// <summary>Basis.</summary>
        [CommandOption("--equal <WHAT>"), DefaultValue("slots"), Description("Compare methods at equal slots or equal bytes.")]
        public string Equal { get; init; } = "slots";

        /// <summary>Output.</summary>
        [CommandOption("--json <OUT>"), Description("Also write all rows to this file.")]
        public string? Json { get; init; }
    }

    /// <inheritdoc/>
    public override int Execute(CommandContext context, Settings settings, CancellationToken cancellationToken)
    {
        var seed = Numbers.Whole("--seed", settings.Seed, 0);
        var asked = new PerplexitySettings
        {
            Protocol = settings.Protocol.ToLowerInvariant(),
            Prefix = Numbers.Positive("--prefix", settings.Prefix),
            Suffix = Numbers.Positive("--suffix", settings.Suffix) ?? 512,
            Chunks = Numbers.Positive("--chunks", settings.Chunks),
            Step = Numbers.Positive("--step", settings.Step) ?? 16,
            StreamSlots = settings.Slots is null ? [] : [.. settings.Slots.Split(',').Select(slots => Numbers.Positive("--slots", slots.Trim())!.Value).Distinct().OrderDescending()],
            Methods = MethodSpec.ParseList(settings.Methods, seed, settings.Sidecar),
            Ratios = [.. settings.Ratios.Split(',').Select(Ratio.Parse).Distinct().Order()],
            Equal = settings.Equal.ToLowerInvariant() switch
            {
                "slots" => EqualBasis.Slots,
                "bytes" => EqualBasis.Bytes,
                _ => throw new UsageException($"--equal '{settings.Equal}' is unknown; known: slots, bytes"),
            },
            Seed = seed,
        };
        asked.Check();
        RequireMeaning(settings, asked.Protocol);
        var names = (settings.Text ?? (asked.Protocol == "e3" ? LineSamples.TextName : "api")).Split(',', StringSplitOptions.TrimEntries);
        if (asked.Protocol == "e3")
        {
            foreach (var name in names) LineSamples.Require(name);
        }
        var dtype = PerplexitySettings.ParseDtype(settings.Dtype);
        if (Numbers.Threads("--threads", settings.Threads) is { } threads) TorchSharp.torch.set_num_threads(threads);
        var catalog = TextCatalog.FromEnvironment();
        // Texts first: they are quick to find missing.
        var texts = names.Select(catalog.Load).ToList();

        if (settings.Json is { } place) AtomicFile.RequirePlace(place);

        IReadOnlyList<string> notes = [];
        var records = RunDisplay.Show(progress =>
        {
            using var loaded = LoadedModel.Open(settings.Model, dtype, settings.Attention.ToLowerInvariant(), progress, file => Check(asked, file), cancellationToken);
            (var run, notes) = Prepared(loaded, asked);
            return texts.Select(text => run(text, CommandText.Of(CommandLine.Given), progress, cancellationToken)).ToList();
        });
        foreach (var note in notes) Console.WriteLine(note);
        foreach (var record in records)
        {
            PerplexityTable.Write(record);
            Console.WriteLine($"record {record.Id}, peak memory {MemoryEstimate.Text(record.PeakMemoryBytes)}, {record.WallSeconds:0} s");
        }
        if (settings.Json is { } file) AtomicFile.Write(file, PerplexityJson.Of(records));
        return 0;
    }

    // A flag that a protocol passes over would let a table be read as something that it is not.
    private static void RequireMeaning(Settings settings, string protocol)
    {
        if (settings.Step is { } step && protocol != "e2") throw new UsageException($"--step {step}: only in protocol e2 do ids arrive in steps; leave it out, or take --protocol e2");
        if (settings.Suffix is not { } suffix) return;
        var why = protocol switch
        {
            "e0" => "every id of a block but the first is scored",
            "e2" => "all ids of a stream behind the first compression are scored",
            "e3" => "the second half of a sample is the suffix, whatever its length",
            _ => null,
        };
        if (why is not null) throw new UsageException($"--suffix {suffix}: in protocol {protocol} {why}; leave it out, or take --protocol e1");
    }

    private static void Check(PerplexitySettings asked, IModelFile file)
    {
        if (asked.Protocol == "e2") StreamingRun.CheckFor(asked, file.Config, file.ShortName);
        else PerplexityRun.CheckFor(asked, file.Config, file.ShortName);
    }

    private static (Func<LoadedText, string, IRunProgress?, CancellationToken, PerplexityRecord> Run, IReadOnlyList<string> Notes) Prepared(LoadedModel loaded, PerplexitySettings asked)
    {
        var journals = ProjectFolders.Work is { } work ? Path.Combine(work, "journals") : null;
        if (asked.Protocol == "e2")
        {
            var streams = new StreamingRun(loaded, asked) { JournalFolder = journals, Store = RecordStore.OfProject() };
            return (streams.Run, streams.Notes);
        }
        var run = new PerplexityRun(loaded, asked) { JournalFolder = journals, Store = RecordStore.OfProject() };
        return (run.Run, run.Notes);
    }
}
