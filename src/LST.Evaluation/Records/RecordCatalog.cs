using LST.Core;

namespace LST.Evaluation.Records;

/// <summary>The records of a folder, all kinds together: <c>&lt;kind&gt;/&lt;id&gt;.json</c>.</summary>
/// <param name="folder">Root folder; it need not be there.</param>
public sealed class RecordCatalog(string folder)
{
    private const int MostCandidates = 6;

    /// <summary>The records of this project: <see cref="ProjectFolders.Results"/>.</summary>
    public static RecordCatalog OfProject() => new(ProjectFolders.Results);

    /// <summary>All records in the order of their kinds and ids. A file that is no whole record is left out.</summary>
    /// <param name="onBroken">Is told about every file that was left out, one sentence each.</param>
    public IReadOnlyList<RecordFile> ReadAll(Action<string> onBroken)
    {
        var records = new List<RecordFile>();
        foreach (var path in Files())
        {
            try
            {
                records.Add(RecordFile.Read(path));
            }
            catch (DataException problem)
            {
                onBroken(problem.Message);
            }
        }
        return records;
    }

    /// <summary>The file of a record by its path, its id, or an unambiguous beginning or end of the id; the hash at the end is enough, or its first digits.</summary>
    /// <exception cref="UsageException">No record is called so, or several are.</exception>
    public string Find(string name)
    {
        if (File.Exists(name)) return name;
        var files = Files().ToDictionary(path => path, path => Path.GetFileNameWithoutExtension(path));
        var found = files.Where(file => file.Value == name).ToList();
        if (found.Count == 0 && name.Length > 0) found = [.. files.Where(file => IsPartOf(name, file.Value))];
        if (found.Count == 1) return found[0].Key;
        if (found.Count > 1) throw new UsageException($"'{name}' may be any of {found.Count} records: {Listed(found.Select(file => file.Value))}; give more of the id");
        var near = files.Values.Where(id => name.Length > 0 && id.Contains(name, StringComparison.Ordinal)).ToList();
        if (near.Count == 0) near = [.. files.Values];
        throw new UsageException($"'{name}' is neither a file nor the beginning or end of a record's id; {(near.Count == 0 ? "there is no record yet" : $"records are {Listed(near)}")}");
    }

    /// <summary>Reads the record that <see cref="Find"/> finds.</summary>
    /// <exception cref="LstException">It is not there, not unambiguous, or not whole.</exception>
    public RecordFile Read(string name) => RecordFile.Read(Find(name));

    private static bool IsPartOf(string name, string id) => id.StartsWith(name, StringComparison.Ordinal) || id.EndsWith(name, StringComparison.Ordinal)
        || id[(id.LastIndexOf('-') + 1)..].StartsWith(name, StringComparison.Ordinal);

    private static string Listed(IEnumerable<string> ids)
    {
        var all = ids.ToList();
        return string.Join(", ", all.Take(MostCandidates)) + (all.Count > MostCandidates ? $" and {all.Count - MostCandidates} more (./lst records list)" : "");
    }

    private IEnumerable<string> Files() => !Directory.Exists(folder) ? [] : Directory.GetDirectories(folder).Order(StringComparer.Ordinal)
        .SelectMany(kind => Directory.GetFiles(kind, "*.json").Where(path => !Path.GetFileName(path).StartsWith('.')).Order(StringComparer.Ordinal));
}
