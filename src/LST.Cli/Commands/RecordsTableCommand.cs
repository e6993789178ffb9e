using System.ComponentModel;
using System.Globalization;
using LST.Core;
using LST.Evaluation.Benchmarks.Results;
using LST.Evaluation.Records;
using LST.Evaluation.Reports;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary><c>./lst records table</c>.</summary>
public sealed class RecordsTableCommand : Command<RecordsTableCommand.Settings>
{
    /// <summary>Its flags.</summary>
    public sealed class Settings : CommandSettings
    {
        /// <summary>Which records.</summary>
        [CommandArgument(0, "[RECORDS]"), Description("Records of perplexity, or of benchmarks: ids, their beginnings or ends, or files (default: all in data/results/ppl).")]
        public string[]? Records { get; init; }

        /// <summary>The method of the paired column.</summary>
        [CommandOption("--against <METHOD>"), Description("Perplexity: compare every method with this one, in pairs of chunks (default: lst).")]
        public string? Against { get; init; }

        /// <summary>Winners alone.</summary>
        [CommandOption("--best"), Description("Only which method is best at every budget, and by how much.")]
        public bool Best { get; init; }

        /// <summary>Who may win.</summary>
        [CommandOption("--among <LIST>"), Description("With --best, or of benchmarks: names of the methods that count, several by commas (default: all).")]
        public string? Among { get; init; }

        /// <summary>Columns of benchmarks.</summary>
        [CommandOption("--by <WHAT>"), Description("Benchmarks: a column for each task (default), length, depth, template, keys or kind; ratio: a row for each method, a column for each ratio, averages over tasks.")]
        public string? By { get; init; }

        /// <summary>Score of benchmarks.</summary>
        [CommandOption("--metric <NAME>"), Description("Benchmarks: another score than each task's first one, such as acc, acc_norm or loglik.")]
        public string? Metric { get; init; }

        /// <summary>Ratios of benchmarks.</summary>
        [CommandOption("--real-ratios"), Description("Benchmarks: effective ratios in place of scores.")]
        public bool RealRatios { get; init; }

        /// <summary>Non-inferiority.</summary>
        [CommandOption("--margin <POINTS>"), Description("Benchmarks: a last column says which rows lose less than this against dense by their whole 95 % interval (yes), more (no), or cannot be told (open); in points of percent, or units of the score.")]
        public double? Margin { get; init; }

        /// <summary>No head.</summary>
        [CommandOption("--bare"), Description("Benchmarks: the table alone, without records and commands above it.")]
        public bool Bare { get; init; }
    }

    /// <inheritdoc/>
    public override int Execute(CommandContext context, Settings settings, CancellationToken cancellationToken)
    {
        List<string> files = settings.Records is { Length: > 0 } names ? [.. names.Select(RecordCatalog.OfProject().Find)] : [];
        var kinds = files.ConvertAll(file => RecordFile.Read(file).Record.Kind).Distinct().ToList();
        if (kinds.Contains(BenchmarkRecord.RecordKind))
        {
            if (kinds.Count > 1) throw new UsageException($"one table is of one kind of records, but these are of {string.Join(" and ", kinds)}; name them apart");
            WriteBenchmarks(files, settings);
            return 0;
        }
        if (settings.By is not null || settings.Metric is not null || settings.RealRatios || settings.Bare || settings.Margin is not null) throw new UsageException("--by, --metric, --margin, --real-ratios and --bare are for records of benchmarks; name such records, or leave them out");
        var records = files.Count > 0 ? [.. files.Select(RecordStore.Read<PerplexityRecord>)] : RecordStore.OfProject().ReadAll<PerplexityRecord>(PerplexityRecord.RecordKind);
        if (records.Count == 0) throw new DataException("There is no perplexity record yet; make one with ./lst eval ppl.");
        if (!records.Any(record => record.Rows.Any(row => row.Method == settings.Against)) && settings.Against is not null)
            throw new UsageException($"--against {settings.Against}: none of these records has such a row; they have {string.Join(", ", records.SelectMany(record => record.Rows).Select(row => row.Method).Distinct())}");
        if (settings.Among is { } list && !settings.Best) throw new UsageException($"--among {list}: it says who may win a table of winners; give --best with it");
        var tables = PerplexityTable.Join(records);
        Console.Write(settings.Best ? BestMarkdown.Of(tables, settings.Among?.Split(',', StringSplitOptions.TrimEntries)) : PerplexityMarkdown.Of(tables, settings.Against ?? "lst"));
        return 0;
    }

    private static void WriteBenchmarks(IReadOnlyList<string> files, Settings settings)
    {
        if (settings.Best) throw new UsageException("--best is for records of perplexity; rows of benchmarks stand from best to worst");
        if (settings.Against is { } against) throw new UsageException($"--against {against}: rows of benchmarks are compared with dense; leave it out");
        if (settings.RealRatios && settings.By == "ratio") throw new UsageException("--by ratio: effective ratios stand in a column for each task, length or label; leave out one of the two");
        if (settings.RealRatios && settings.Among is { } among) throw new UsageException($"--among {among}: effective ratios are shown of all methods; leave out one of the two");
        if (settings.Margin is { } margin)
        {
            if (margin is not > 0 || !double.IsFinite(margin)) throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"--margin {margin}: it must be a number above 0, such as 2"));
            if (settings.RealRatios || settings.By == "ratio") throw new UsageException("--margin asks for a table of scores with a row for each method and ratio; leave out --real-ratios and --by ratio");
        }
        var isFirst = true;
        foreach (var table in BenchmarkTable.Join(files.Select(RecordStore.Read<BenchmarkRecord>)))
        {
            var byRatio = settings.By == "ratio";
            var view = new ScoreView(table, byRatio ? ScoreView.ByTask : settings.By ?? ScoreView.ByTask, settings.Metric);
            if (!isFirst) Console.WriteLine();
            isFirst = false;
            if (!settings.Bare) Console.Write(BenchmarkMarkdown.Head(table));
            var methods = settings.Among?.Split(',', StringSplitOptions.TrimEntries);
            Console.Write(settings.RealRatios ? BenchmarkMarkdown.Ratios(view) : byRatio ? BenchmarkMarkdown.ByRatio(view, methods) : BenchmarkMarkdown.Of(view, methods, settings.Margin));
        }
    }
}
