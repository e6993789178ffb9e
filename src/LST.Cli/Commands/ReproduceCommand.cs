using System.ComponentModel;
using System.Globalization;
using LST.Cli.Terminal;
using LST.Core;
using LST.Evaluation;
using LST.Evaluation.Records;
using LST.Evaluation.Reports;
using LST.Notebooks.Reproduction;
using LST.Notebooks.Runner;
using Spectre.Console;
using Spectre.Console.Cli;

namespace LST.Cli.Commands;

/// <summary><c>./lst reproduce</c>.</summary>
public sealed class ReproduceCommand : AsyncCommand<ReproduceCommand.Settings>
{
    /// <summary>Its flags.</summary>
    public sealed class Settings : CommandSettings
    {
        /// <summary>Short.</summary>
        [CommandOption("--quick"), Description("What takes minutes: a part of Table 1 measured here, every notebook, the report (the default).")]
        public bool Quick { get; init; }

        /// <summary>Long.</summary>
        [CommandOption("--full"), Description("Also measure every perplexity record that a notebook reads once more, with all chunks. Hours; goes on where it was stopped.")]
        public bool Full { get; init; }

        /// <summary>Without measurements.</summary>
        [CommandOption("--figures"), Description("Only notebooks, figures and report; nothing is measured.")]
        public bool Figures { get; init; }

        /// <summary>Only look.</summary>
        [CommandOption("--check"), Description("Make nothing: say which figures were made from other sources or records than those here, and fail if any was.")]
        public bool Check { get; init; }
    }

    /// <inheritdoc/>
    public override async Task<int> ExecuteAsync(CommandContext context, Settings settings, CancellationToken cancellationToken)
    {
        if ((settings.Quick ? 1 : 0) + (settings.Full ? 1 : 0) + (settings.Figures ? 1 : 0) + (settings.Check ? 1 : 0) > 1) throw new UsageException("--quick, --full, --figures and --check exclude each other; give one of them");
        var root = ProjectFolders.Root ?? throw new UsageException("reproduce works inside a checkout of LST.Workbench; call ./lst of one");
        if (settings.Check) return Check(root);
        // What no notebook can be made of is said before minutes of measurement.
        foreach (var source in Reproducer.Sources(root)) NotebookFile.Read(Path.Combine(root, source));
        var progress = new LineProgress(Console.Error);
        var work = new ChildWork(root);
        // Figures alone are compared with nothing.
        var records = settings.Figures ? [] : RecordStore.OfProject().ReadAll<PerplexityRecord>(PerplexityRecord.RecordKind);
        List<AgreementRow> agreement = [];
        if (!settings.Figures)
        {
            agreement.AddRange(await new Remeasurement(root, work, progress).Run(Remeasurement.Quick, records, cancellationToken));
            Print(agreement);
        }
        var (made, kept) = await new Reproducer(root, work, progress).Run(cancellationToken);
        if (settings.Full) agreement.AddRange(await MeasureAll(root, work, progress, records, cancellationToken));
        Console.WriteLine($"{made} made, {kept} as they were; open {Reproducer.Report} in a browser, notebooks with their outputs are in figures/");
        var differing = agreement.Where(row => row.Difference > Agreement.Tolerance).ToList();
        if (differing.Count == 0) return 0;
        throw new DataException(string.Create(CultureInfo.InvariantCulture, $"{differing.Count} of {agreement.Count} rows measured here differ from their records by more than {Agreement.Tolerance:P1}, the first is {differing[0].Method} at {differing[0].Ratio}:1 ({differing[0].Here:0.0000}, recorded {differing[0].Recorded:0.0000} in {differing[0].RecordId})"));
    }

    private static int Check(string root)
    {
        var complaints = Reproducer.Check(root);
        foreach (var complaint in complaints) Console.WriteLine(complaint);
        if (complaints.Count > 0) throw new DataException($"figures/ is not what these sources and records make ({complaints.Count} {(complaints.Count == 1 ? "thing" : "things")}, listed above); run ./lst reproduce and commit figures/");
        Console.WriteLine("figures/ is what these sources and records make");
        return 0;
    }

    private static async Task<IReadOnlyList<AgreementRow>> MeasureAll(string root, ChildWork work, LineProgress progress, IReadOnlyList<PerplexityRecord> records, CancellationToken cancel)
    {
        var read = Manifest.Read(Reproducer.CommittedManifest(root));
        var used = read.Names.SelectMany(name => read.Find(name)!.Inputs.Keys).Select(Path.GetFileNameWithoutExtension).ToHashSet();
        var wanted = records.Where(record => used.Contains(record.Id)).ToList();
        progress.Note($"measuring {wanted.Count} {(wanted.Count == 1 ? "record" : "records")} again; where they were made that took {TimeSpan.FromSeconds(wanted.Sum(record => record.WallSeconds)):hh\\:mm} h");
        List<AgreementRow> rows = [];
        foreach (var command in wanted.Select(record => record.Command).Distinct())
        {
            var found = await new Remeasurement(root, work, progress).Run(command, records, cancel);
            Print(found);
            rows.AddRange(found);
        }
        return rows;
    }

    private static void Print(IReadOnlyList<AgreementRow> rows)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var (title, isNumber) in new[] { ("method", false), ("r", true), ("here", true), ("recorded", true), ("chunks", true), ("record", false) })
            table.AddColumn(isNumber ? new TableColumn(title).RightAligned() : new TableColumn(title));
        foreach (var row in rows)
            table.AddRow(Markup.Escape(row.Method), Number(row.Ratio, "0.##"), Number(row.Here, "0.0000"), Number(row.Recorded, "0.0000"), Number(row.Chunks, "0"), Markup.Escape(row.RecordId));
        table.Title = new TableTitle("perplexity over dense (of dense: perplexity), measured here and as recorded");
        Screen.Output(columns: 140).Write(table);

        static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
    }
}
