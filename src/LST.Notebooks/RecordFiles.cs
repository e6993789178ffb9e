using LST.Core;
using LST.Evaluation;
using LST.Evaluation.Records;
using LST.Evaluation.Reports;
using LST.Evaluation.Training;

namespace LST.Notebooks;

/// <summary>Run records by id, as notebooks read them: what was read is remembered as an input (<see cref="RunInputs"/>).</summary>
public static class RecordFiles
{
    /// <summary>Perplexity records of these ids, joined to tables.</summary>
    /// <exception cref="DataException">A record is not there or not whole.</exception>
    public static IReadOnlyList<PerplexityTable> Perplexity(params IEnumerable<string> ids) => PerplexityTable.Join(ids.Select(Read<PerplexityRecord>));

    /// <summary>One training record.</summary>
    /// <exception cref="DataException">The record is not there or not whole.</exception>
    public static TrainingRecord Training(string id) => Read<TrainingRecord>(id);

    /// <summary>One record of any kind.</summary>
    /// <exception cref="DataException">The record is not there or not whole.</exception>
    public static TRecord Read<TRecord>(string id)
        where TRecord : RunRecord
    {
        var kind = id.Split('-', 2)[0];
        var path = Path.Combine(ProjectFolders.Results, kind, id + ".json");
        if (!File.Exists(path)) throw new DataException($"There is no record '{id}' in data/results/{kind}; take an id that ./lst records list prints.");
        RunInputs.Note(path);
        return RecordStore.Read<TRecord>(path);
    }
}
