using System.Text.Json.Nodes;
using LST.Evaluation.Benchmarks.Items;
using LST.Evaluation.Benchmarks.Runs;

namespace LST.Evaluation.Benchmarks.Results;

/// <summary>What a finished run was asked for, and what it has to show.</summary>
/// <param name="Tasks">Its tasks with their lines (<see cref="BenchmarkRun.Asked"/>).</param>
/// <param name="Rows">Methods and ratios that were scored.</param>
/// <param name="Choices">Which rows and items, resolved: <see cref="BenchmarkRecords.Choices"/>.</param>
/// <param name="Data">Digest of each data file that was read.</param>
/// <param name="Notes">What could not be run, a sentence each.</param>
public sealed record AskedRun(
    IReadOnlyList<(IBenchmarkTask Task, IReadOnlyList<ItemLine> Lines)> Tasks, IReadOnlyList<BenchmarkRow> Rows, JsonObject Choices, IReadOnlyDictionary<string, string> Data, IReadOnlyList<string> Notes);
