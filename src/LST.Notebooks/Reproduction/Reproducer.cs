using System.Diagnostics;
using LST.Core;
using LST.Evaluation;
using LST.Evaluation.Records;

namespace LST.Notebooks.Reproduction;

/// <summary>
/// Notebooks, pictures and report made in order, each only where its inputs or files are not those of the last time. Every product is entered behind its files, so that a run
/// that ends anywhere goes on there and nothing half-written counts as made.
/// </summary>
public sealed class Reproducer
{
    /// <summary>Name and file of the report.</summary>
    public const string Report = $"figures/{ReportName}.html";

    private const string ReportName = "report";

    private readonly Digests digests;
    private readonly IReproductionWork work;
    private readonly IRunProgress progress;
    private readonly Manifest here, committed;

    /// <summary>A reproduction of a checkout.</summary>
    /// <param name="root">Its root.</param>
    /// <param name="work">Who runs notebooks and commands.</param>
    /// <param name="progress">Told of every product.</param>
    public Reproducer(string root, IReproductionWork work, IRunProgress progress)
    {
        (digests, this.work, this.progress) = (new Digests(root), work, progress);
        here = Manifest.Read(Path.Combine(root, "out", "reproduce", "manifest.json"));
        committed = Manifest.Read(CommittedManifest(root));
    }

    /// <summary>Sources of notebooks, relative to the root, in order of their names.</summary>
    /// <exception cref="DataException">There are none, or one has the report's name.</exception>
    public static IReadOnlyList<string> Sources(string root)
    {
        var folder = Path.Combine(root, "notebooks");
        string[] files = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.ipynb") : [];
        if (files.Length == 0) throw new DataException("The folder 'notebooks' must hold the notebooks that figures are made from, but there is none; take it back with git checkout -- notebooks");
        if (files.Any(file => Path.GetFileNameWithoutExtension(file) == ReportName)) throw new DataException($"The notebook 'notebooks/{ReportName}.ipynb' has the name of the report on all notebooks; rename it");
        return [.. files.Select(file => "notebooks/" + Path.GetFileName(file)).Order(StringComparer.Ordinal)];
    }

    /// <summary>The list of what the committed figures were made from.</summary>
    public static string CommittedManifest(string root) => Path.Combine(root, "figures", "manifest.json");

    /// <summary>Makes what is not as it was.</summary>
    /// <param name="cancel">Stops between and inside products.</param>
    /// <returns>How many products were made, and how many were as they had been.</returns>
    public async Task<(int Made, int Kept)> Run(CancellationToken cancel)
    {
        var sources = Sources(digests.Root);
        var (made, kept) = (0, 0);
        RemoveUnfinished();
        progress.Begin("reproducing", sources.Count + 1, unit: "products");
        foreach (var source in sources)
        {
            cancel.ThrowIfCancellationRequested();
            if (await Make(Path.GetFileNameWithoutExtension(source), [source], () => work.Execute(source, cancel))) made++;
            else kept++;
        }
        Forget(sources);
        if (await Make(ReportName, [.. sources.Select(CopyOf)], () => Task.FromResult(WriteReport(sources)))) made++;
        else kept++;
        return (made, kept);
    }

    /// <summary>Every way in which the committed figures are not those of these sources and records, one sentence each; none: all is well.</summary>
    /// <param name="root">The root of the checkout.</param>
    public static IReadOnlyList<string> Check(string root)
    {
        var (digests, manifest, sources) = (new Digests(root), Manifest.Read(CommittedManifest(root)), Sources(root));
        List<string> found = [];
        foreach (var source in sources)
            if (manifest.Stale(Path.GetFileNameWithoutExtension(source), digests, source) is { } why) found.Add($"{source}: {why}");
        if (manifest.Stale(ReportName, digests, [.. sources.Select(CopyOf)]) is { } stale) found.Add($"{Report}: {stale}");
        found.AddRange(manifest.Names.Where(name => name != ReportName && !sources.Contains($"notebooks/{name}.ipynb")).Select(name => $"figures of {name} have no source any more"));
        return found;
    }

    /// <summary>Where the executed copy of a source lies.</summary>
    internal static string CopyOf(string source) => "figures/" + Path.GetFileName(source);

    private async Task<bool> Make(string name, IReadOnlyCollection<string> notebooks, Func<Task<ExecutedFiles>> make)
    {
        if (here.Stale(name, digests, notebooks) is not { } why)
        {
            // The committed list may be of another machine; here, this is what was made.
            if (committed.Stale(name, digests, notebooks) is not null) committed.Set(name, here.Find(name)!);
            progress.Advance(detail: $"{name} is as it was");
            return false;
        }
        progress.Note($"{name}: {why}");
        var clock = Stopwatch.StartNew();
        var files = await make();
        var product = new Product(digests.Of([.. notebooks, Digests.DrawingCode, .. files.Inputs]), digests.Of(files.Outputs), MachineInfo.Versions().Commit, Math.Round(clock.Elapsed.TotalSeconds, 1));
        here.Set(name, product);
        committed.Set(name, product);
        progress.Advance(detail: $"{name} in {clock.Elapsed.TotalSeconds:0} s");
        return true;
    }

    private ExecutedFiles WriteReport(IReadOnlyList<string> sources)
    {
        var copies = sources.Select(CopyOf).ToList();
        var inputs = copies.Concat(sources.SelectMany(source => here.Find(Path.GetFileNameWithoutExtension(source))!.Inputs.Keys).Where(input => input.StartsWith("data/results/", StringComparison.Ordinal))).Distinct().ToList();
        AtomicFile.Write(Path.Combine(digests.Root, Report), ReportPage.Of(digests.Root, copies, inputs));
        return new ExecutedFiles(inputs, [Report]);
    }

    // What a killed run was about to write beside the real files.
    private void RemoveUnfinished()
    {
        foreach (var folder in new[] { "figures", "out/reproduce" }.Select(folder => Path.Combine(digests.Root, folder)).Where(Directory.Exists))
            foreach (var file in Directory.GetFiles(folder, ".*.tmp", SearchOption.AllDirectories)) File.Delete(file);
    }

    // A notebook that is gone takes its entry with it; its files are for the user to delete.
    private void Forget(IReadOnlyList<string> sources)
    {
        foreach (var manifest in new[] { here, committed })
            foreach (var name in manifest.Names.Where(name => name != ReportName && !sources.Contains($"notebooks/{name}.ipynb") && !name.StartsWith("measured ", StringComparison.Ordinal)).ToList())
                manifest.Remove(name);
    }
}
