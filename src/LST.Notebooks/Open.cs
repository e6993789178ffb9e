using LST.Core;
using LST.Core.Compression;
using LST.Core.Sidecar;
using LST.Evaluation;
using LST.Evaluation.Benchmarks.Results;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Records;
using LST.Evaluation.Reports;
using LST.Evaluation.Texts;
using LST.Evaluation.Training;

namespace LST.Notebooks;

/// <summary>What a notebook opens by name. Files of the project and texts that were read are named in its executed copy (<see cref="Workbench.Reads"/>); sidecars are, whoever opens them.</summary>
public static class Open
{
    private static readonly Dictionary<(string, string), LoadedModel> Models = [];

    /// <summary>A model, ready to run; opened once a session, never to be disposed by a cell.</summary>
    /// <param name="name">A name, a Hugging Face folder or a GGUF file.</param>
    /// <param name="dtype"><c>float32</c>, <c>bfloat16</c> or <c>float16</c>.</param>
    public static LoadedModel Model(string name = "lst-ref", string dtype = "float32")
    {
        lock (Models)
        {
            if (!Models.TryGetValue((name, dtype), out var model)) Models[(name, dtype)] = model = LoadedModel.Open(name, PerplexitySettings.ParseDtype(dtype));
            if (model.Folder is { } folder) Inputs.File(Path.Combine(folder, model.Identity.File));
            return model;
        }
    }

    /// <summary>A text by its name or path.</summary>
    public static LoadedText Text(string name)
    {
        var text = TextCatalog.FromEnvironment().Load(name);
        Inputs.Text(name, text);
        return text;
    }

    /// <summary>The first ids of a text behind BOS.</summary>
    /// <param name="model">The model.</param>
    /// <param name="text">A text's name or path.</param>
    /// <param name="count">How many ids, BOS included.</param>
    /// <param name="skip">Ids of the text left out at its start.</param>
    public static long[] Ids(LoadedModel model, string text, int count, int skip = 0)
    {
        var content = Text(text).Content;
        // Twenty characters hold a token: no need to encode a whole book for a thousand of them.
        var ids = model.Encode(content[..(int)Math.Min(content.Length, 20L * (skip + count))]);
        if (ids.Length < skip + count - 1) throw new DataException($"The text '{text}' has {ids.Length} tokens, {skip + count - 1} were asked for; take fewer or another text.");
        return [model.BosId, .. ids.Skip(skip).Take(count - 1).Select(id => (long)id)];
    }

    /// <summary>A trained sidecar; the caller disposes it.</summary>
    /// <param name="file">A file below <c>data/sidecars</c>: <c>lst-ref/lst-2x.safetensors</c>.</param>
    public static SidecarModule Sidecar(string file) => SidecarFile.Read(SidecarPath(file));

    /// <summary>The method <c>lst</c> with a trained sidecar of this name, for figures that compare several.</summary>
    /// <param name="file">A file below <c>data/sidecars</c>.</param>
    public static MethodSpec Method(string file) => MethodSpec.Parse("lst", sidecar: SidecarPath(file));

    /// <summary>Perplexity records of these ids, joined to tables.</summary>
    /// <exception cref="DataException">A record is not there or not whole.</exception>
    public static IReadOnlyList<PerplexityTable> Perplexity(params IEnumerable<string> ids) => PerplexityTable.Join(ids.Select(Record<PerplexityRecord>));

    /// <summary>
    /// For each text the committed table of a model that has most methods, of two with as many the newer: what a notebook shows that goes with the records. Runs that can be joined
    /// are. Development texts are left out.
    /// </summary>
    /// <param name="model">The model's name.</param>
    /// <param name="protocol"><c>e1</c> or <c>e3</c>.</param>
    /// <exception cref="DataException">There is no such record.</exception>
    public static IReadOnlyList<PerplexityTable> WidestTables(string model, string protocol = "e1")
    {
        var records = RecordStore.OfProject().ReadAll<PerplexityRecord>(PerplexityRecord.RecordKind).Where(record => record.Model.Name == model && record.Protocol == protocol && !record.Text.Name.EndsWith("-dev", StringComparison.Ordinal));
        var tables = WidestTable.OfEachText(records);
        if (tables.Count == 0) throw new DataException($"There is no record of protocol {protocol} of model '{model}' in data/results/{PerplexityRecord.RecordKind}; ./lst eval ppl makes one.");
        foreach (var record in tables.SelectMany(table => table.Records)) Inputs.File(Path.Combine(ProjectFolders.Results, PerplexityRecord.RecordKind, record.Id + ".json"));
        return tables;
    }

    /// <summary>Benchmark records of these ids, joined to tables: one for each benchmark, model, mode and setting.</summary>
    /// <exception cref="DataException">A record is not there or not whole, or two of one table do not belong together.</exception>
    public static IReadOnlyList<BenchmarkTable> Benchmarks(params IEnumerable<string> ids) => BenchmarkTable.Join(ids.Select(Record<BenchmarkRecord>));

    /// <summary>A training record.</summary>
    /// <exception cref="DataException">The record is not there or not whole.</exception>
    public static TrainingRecord Training(string id) => Record<TrainingRecord>(id);

    /// <summary>A record of any kind.</summary>
    /// <exception cref="DataException">The record is not there or not whole.</exception>
    public static TRecord Record<TRecord>(string id)
        where TRecord : RunRecord
    {
        string path;
        try
        {
            path = RecordCatalog.OfProject().Find(id);
        }
        catch (UsageException unknown)
        {
            throw new DataException($"There is no record '{id}' in data/results; take an id that ./lst records list prints.", unknown);
        }
        Inputs.File(path);
        return RecordStore.Read<TRecord>(path);
    }

    private static string SidecarPath(string file)
    {
        var path = Path.Combine(ProjectFolders.Data ?? "data", "sidecars", file);
        return File.Exists(path) ? path : throw new DataException($"There is no sidecar 'data/sidecars/{file}'; ./lst train makes one.");
    }
}
