using System.Globalization;
using System.Text.Json.Nodes;
using LST.Cli.Commands;
using LST.Evaluation;
using LST.Evaluation.Records;
using LST.Evaluation.Reports;
using LST.Evaluation.Training;

namespace LST.Cli.Terminal;

/// <summary>One record for reading: what ran, on what, and what came out.</summary>
internal static class RecordView
{
    /// <summary>Writes a record of any kind on standard output; rows are shown of those kinds that are known.</summary>
    public static void Write(RecordFile file)
    {
        var record = file.Record;
        // Read whole before the first line, so that one that contradicts itself is a sentence and nothing else.
        Action writeRows = record.Kind switch
        {
            PerplexityRecord.RecordKind when RecordStore.Read<PerplexityRecord>(file.Path) is var ppl => () => WritePerplexity(ppl),
            TrainingRecord.RecordKind when RecordStore.Read<TrainingRecord>(file.Path) is var training => () => WriteTraining(training),
            _ => () => WriteOthers(record),
        };
        Line("record", record.Id);
        Line("kind", record.Kind);
        Line("when", $"{record.Created}, {RecordsListCommand.Wall(record.WallSeconds)}, peak memory {MemoryEstimate.Text(record.PeakMemoryBytes)}");
        Line("command", record.Command);
        Line("options", Options(record.Options));
        Line("model", string.Create(CultureInfo.InvariantCulture, $"{record.Model.Name} ({record.Model.File}), {record.Model.Parameters:N0} parameters, sha256 {record.Model.WeightsSha256}"));
        if (record.Fields?["text"] is JsonObject { Count: > 0 } text && record.TextName is { } name) Line("text", $"{name}, sha256 {text["sha256"]}, from {text["source"]}");
        Line("run", $"seed {record.Seed}, {record.Dtype}, {record.Device}, attention {record.Backend}, {record.Threads} {(record.Threads == 1 ? "thread" : "threads")}");
        var versions = record.Versions;
        Line("versions", $"{versions.Project}, commit {versions.Commit}{(versions.Dirty == true ? " with changes" : "")}, {versions.Runtime}{(versions.Libtorch is { } libtorch ? $", libtorch {libtorch}" : "")}{(versions.TorchSharp is { } torchSharp ? $", TorchSharp {torchSharp}" : "")}");
        Line("machine", $"{record.Machine.OperatingSystem}, {record.Machine.Processor}, {record.Machine.LogicalCores} cores, {(record.Machine.VectorBits is { } bits ? $"vectors of {bits} bits, " : "")}{MemoryEstimate.Text(record.Machine.MemoryBytes)}");
        writeRows();
    }

    private static void WritePerplexity(PerplexityRecord record)
    {
        Console.WriteLine();
        PerplexityTable.Write(record);
    }

    private static void WriteOthers(AnyRecord record)
    {
        foreach (var (field, value) in record.Fields ?? []) Line(field, value?.ToJsonString(RecordJson.Options) ?? "");
    }

    private static void WriteTraining(TrainingRecord record)
    {
        Line("sidecar", $"{record.Preset}, {string.Join(", ", record.Ratios.Select(ratio => Number(ratio, "0.##") + ":1"))}, {Number(record.Parameters, "N0")} parameters, best sha256 {record.BestSha256}");
        Line("training", $"{record.Steps} steps in {RecordsListCommand.Wall(record.StepSeconds)}, data {record.Data}");
        Console.WriteLine();
        var texts = record.Development.SelectMany(point => point.PplOverDense.Keys).Distinct().ToList();
        string[] columns = ["step", .. texts.Select(text => $"{text}, ppl / dense"), "recall", ""];
        DataTable.Write(columns, record.Development.Select(point => (string[])
        [
            $"{point.Step}", .. texts.Select(text => point.PplOverDense.TryGetValue(text, out var value) ? Number(value, "0.0000") : ""), point.Recall is { } recall ? Number(recall, "0.000") : "",
            point.Step == record.BestStep ? "best" : point.IsCandidate ? "" : "no candidate",
        ]), rightAligned: column => column < columns.Length - 1);
    }

    private static string Options(JsonObject options) => string.Join(", ", options.Select(option => $"{option.Key} {(option.Value is JsonValue value && value.TryGetValue<string>(out var text) ? text : option.Value?.ToJsonString(RecordJson.Options) ?? "none")}"));

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static void Line(string what, string found) => Console.WriteLine($"{what,-9} {QueryText.Visible(found)}");
}
