using LST.Core;

namespace LST.Evaluation.Texts;

/// <summary>A row of the list of texts.</summary>
/// <param name="Name">Name on the command line.</param>
/// <param name="Title">What it is.</param>
/// <param name="Role"><c>test</c>, <c>development</c> or <c>training</c>.</param>
/// <param name="Bytes">Length in UTF-8 bytes; null where it depends on what is there.</param>
/// <param name="FoundIn"><c>LST_DATA</c>, <c>project</c>, <c>shared</c> or <c>package</c>; null: missing. The content is checked when it is loaded.</param>
/// <param name="Licence">Licence as its source states it.</param>
/// <param name="HowToGet">What to do when it is missing, the end of a sentence.</param>
public sealed record TextEntry(string Name, string Title, string Role, long? Bytes, string? FoundIn, string Licence, string HowToGet);

/// <summary>
/// The texts that the project knows by name, and files by path. A named text is searched in the data folders in order, then made from the restored
/// package where that is its source; its length and digest are asserted, so that the same name is the same text on every machine.
/// </summary>
/// <param name="folders">Data folders in the order of the search.</param>
/// <param name="packageFolder">Folder of the restored package's XML files; null: not restored.</param>
public sealed class TextCatalog(IReadOnlyList<DataFolder> folders, string? packageFolder)
{
    /// <summary>The catalogue on this machine: <c>LST_DATA</c>, the project's <c>data/</c>, <c>../shared/data</c> beside the checkout, the restored package.</summary>
    public static TextCatalog FromEnvironment() => new(DataFolder.FromEnvironment(), ReferencePack.Find());

    /// <summary>All named texts in the catalogue's order, with where each was found.</summary>
    public IReadOnlyList<TextEntry> List() =>
        [.. DatasetLock.Current.Texts.Select(t => new TextEntry(t.Name, t.Title, t.Role, t.Bytes, FoundIn(t), t.Licence, HowToGet(t)))];

    /// <summary>Loads a text by name (case does not matter; a name wins over a file called so) or by the path of a UTF-8 file, which may be gzip.</summary>
    /// <exception cref="UsageException">Neither a known name nor the path of a file.</exception>
    /// <exception cref="DataException">Missing, changed, empty or not UTF-8.</exception>
    public LoadedText Load(string nameOrPath) => Known(nameOrPath) is { } text ? LoadKnown(text).Text : LoadFile(nameOrPath);

    /// <summary>The documents of a text, for training data; a text without records is one document. Files of a text without a fixed digest are read, and checked, one at a time.</summary>
    /// <exception cref="UsageException">Neither a known name nor the path of a file.</exception>
    /// <exception cref="DataException">Missing, changed, empty or not UTF-8.</exception>
    public IEnumerable<string> Documents(string nameOrPath)
    {
        if (Known(nameOrPath) is not { } text) return [LoadFile(nameOrPath).Content];
        if (text.Sha256 is null) return Found(text) is { Count: > 0 } files ? FileByFile(text, files) : throw Missing(text);
        return LoadKnown(text).Records;
    }

    private static DatasetText? Known(string name) =>
        DatasetLock.Current.Texts.FirstOrDefault(t => t.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private (LoadedText Text, IReadOnlyList<string> Records) LoadKnown(DatasetText text)
    {
        var (records, source) = Records(text);
        var content = TextRecords.Join(records);
        var (sha256, bytes) = TextFile.Digest(content);
        if (text.Sha256 is not null && sha256 != text.Sha256)
        {
            throw new DataException($"The text '{text.Name}' must have {text.Bytes} bytes and sha256 {text.Sha256}, "
                + $"but {source} gives {bytes} bytes and sha256 {sha256}; it was changed or cut: remove it there and get it again ({HowToGet(text)})");
        }
        return (new LoadedText(text.Name, content, sha256, bytes, source), records);
    }

    private static LoadedText LoadFile(string path)
    {
        if (!File.Exists(path) && !Directory.Exists(path)) throw Unknown(path);
        var content = TextFile.Read(path, path);
        var (sha256, bytes) = TextFile.Digest(content);
        var name = Path.GetFileName(path);
        return new LoadedText(name, content, sha256, bytes, $"file {name}");
    }

    private static LstException Unknown(string path)
    {
        var looksLikePath = path.Contains('/') || path.Contains('\\') || Path.HasExtension(path);
        var known = string.Join(", ", DatasetLock.Current.Texts.Select(t => t.Name));
        return looksLikePath
            ? new DataException($"The text file '{path}' does not exist; give the path of a UTF-8 file or one of the names {known}.")
            : new UsageException($"'{path}' is neither a text nor a file; the texts are {known}.");
    }

    private (IReadOnlyList<string> Records, string Source) Records(DatasetText text)
    {
        var files = Found(text);
        if (files.Count > 0)
        {
            // Single files are covered by the digest of the whole text; a text of whatever is there is checked file by file.
            var records = FileByFile(text, files).ToList();
            var source = files.Count == 1 ? $"{files[0].Folder.Label} {files[0].File.Path}" : $"{files[0].Folder.Label} {files.Count} of {text.Files.Count} files";
            return (records, source);
        }
        if (!text.ComesWithPackage || packageFolder is null) throw Missing(text);
        var documents = text.Role == "training" ? DocumentationProse.Training(packageFolder) : DocumentationProse.HeldOut(packageFolder);
        return (TextRecords.Select(documents, text.Records), ReferencePack.Label);
    }

    private static IEnumerable<string> FileByFile(DatasetText text, IReadOnlyList<(DataFolder Folder, DatasetFile File, string Path)> files)
    {
        foreach (var (folder, file, path) in files)
        {
            var content = TextFile.Read(path, $"{folder.Label} {file.Path}", text.Sha256 is null ? file : null);
            var records = text.Records == RecordSelection.Whole ? [content] : TextRecords.Select(TextRecords.Split(content), text.Records);
            foreach (var record in records) yield return record;
        }
    }

    private List<(DataFolder Folder, DatasetFile File, string Path)> Found(DatasetText text)
    {
        var found = new List<(DataFolder, DatasetFile, string)>();
        foreach (var file in text.Files)
            foreach (var folder in folders)
                if (folder.Find(file.Path) is { } path)
                {
                    found.Add((folder, file, path));
                    break;
                }
        return found;
    }

    private string? FoundIn(DatasetText text) =>
        Found(text) is [var first, ..] ? first.Folder.Label : text.ComesWithPackage && packageFolder is not null ? "package" : null;

    private static DataException Missing(DatasetText text) => new($"The text '{text.Name}' is not on this machine; {HowToGet(text)}.");

    private static string HowToGet(DatasetText text)
    {
        var where = text.Files.Count == 1 ? text.Files[0].Path : $"{Path.GetDirectoryName(text.Files[0].Path)}/*.gz";
        return text.ComesWithPackage
            ? $"run './lst setup', which restores {ReferencePack.Label}, or set LST_DATA to a data folder that holds {where}"
            : $"set LST_DATA to a data folder that holds {where}, or run './lst data get {text.Name}' (source: {text.Address})";
    }
}
