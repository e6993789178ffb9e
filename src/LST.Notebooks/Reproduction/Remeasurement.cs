using System.Diagnostics;
using LST.Core;
using LST.Evaluation;
using LST.Evaluation.Records;
using LST.Evaluation.Reports;

namespace LST.Notebooks.Reproduction;

/// <summary>
/// Measures what records say once more on this machine and puts both side by side. New records lie in <c>out/reproduce/results</c>, away from the committed ones; a measurement that
/// is done is not repeated until the code that measures changes, one that was stopped goes on from its journal.
/// </summary>
/// <param name="root">Root of the checkout.</param>
/// <param name="work">Who runs commands.</param>
/// <param name="progress">Told of every measurement.</param>
public sealed class Remeasurement(string root, IReproductionWork work, IRunProgress progress)
{
    /// <summary>A part of Table 1 that takes a minute or two: the first chunks of the text that needs no download.</summary>
    public const string Quick = "./lst eval ppl --text api --chunks 8 --methods dense,random,mean,streaming,h2o,snapkv,lst --ratios 2,4,8";

    private readonly Digests digests = new(root);
    private readonly Manifest here = Manifest.Read(Path.Combine(root, "out", "reproduce", "manifest.json"));

    /// <summary>Measures one command, unless that was done, and compares it with the records.</summary>
    /// <param name="command">A command of <c>./lst eval ppl</c>, as records hold it.</param>
    /// <param name="records">Committed records.</param>
    /// <param name="cancel">Stops it.</param>
    public async Task<IReadOnlyList<AgreementRow>> Run(string command, IReadOnlyList<PerplexityRecord> records, CancellationToken cancel)
    {
        var name = "measured " + command;
        if (here.Stale(name, digests) is { } why)
        {
            progress.Note($"{command}: {why}");
            var clock = Stopwatch.StartNew();
            var results = Path.Combine(root, "out", "reproduce", "results");
            var before = Files(results);
            await work.Command(CommandWords.Of(command), results, cancel);
            var made = Files(results).Except(before).ToList();
            if (made.Count == 0) throw new DataException($"'{command}' ended without a record; run it by itself and look at what it prints.");
            here.Set(name, new Product(digests.Of([Digests.MeasuringCode]), digests.Of(made), MachineInfo.Versions().Commit, Math.Round(clock.Elapsed.TotalSeconds, 1)));
        }
        return [.. here.Find(name)!.Outputs.Keys.SelectMany(file => Agreement.Of(RecordStore.Read<PerplexityRecord>(Path.Combine(root, file)), records))];
    }

    private HashSet<string> Files(string folder) => Directory.Exists(folder)
        ? [.. Directory.GetFiles(folder, "*.json", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(root, file).Replace('\\', '/'))]
        : [];
}
