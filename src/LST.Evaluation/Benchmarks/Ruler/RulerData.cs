using System.Text.Json;
using LST.Core;
using LST.Evaluation.Benchmarks.Ruler.Haystacks;
using LST.Evaluation.Benchmarks.Ruler.Questions;
using LST.Evaluation.Records;
using LST.Evaluation.Texts;

namespace LST.Evaluation.Benchmarks.Ruler;

/// <summary>
/// The data of RULER's tasks that the project does not carry. Each is read when a task first needs it; one that is missing is an error then, which says where it is looked for and how to get it.
/// </summary>
/// <param name="find">The file of a name with slashes, such as <c>ruler/squad.json</c>; null: not there.</param>
public sealed class RulerData(Func<string, string?> find)
{
    private static readonly string[] OtherFiles = [SquadFile, HotpotFile, WordFile];

    private const string EssayFile = "haystack/paul_graham_essays.txt", SquadFile = "ruler/squad.json", HotpotFile = "ruler/hotpotqa.json", WordFile = "ruler/english_words.json";

    private static readonly string[] SentenceTables =
        ["haystack/haystack-sentences.tsv", "ruler/haystack-sentences.tsv", "../goldens/ruler/haystack-sentences.tsv"];

    private readonly Lazy<EssayHaystack> essays = new(() => EssayHaystack.Read(
        Found(find, EssayFile, "concatenate the files data/PaulGrahamEssays/*.txt of github.com/Zefan-Cai/KVCache-Factory in the order of their names"), SentenceTables.Select(find).OfType<string>()));

    private readonly Lazy<QuestionSet> squad = new(() => QuestionFiles.ReadSquad(Found(find, SquadFile, "get rajpurkar.github.io/SQuAD-explorer/dataset/dev-v2.0.json")));

    private readonly Lazy<QuestionSet> hotpot = new(() => QuestionFiles.ReadHotpotQa(Found(find, HotpotFile, "get curtis.ml.cmu.edu/datasets/hotpot/hotpot_dev_distractor_v1.json")));

    private readonly Lazy<IReadOnlyList<string>> words = new(() => ReadWords(Found(find, WordFile, "get scripts/data/synthetic/json/english_words.json of github.com/NVIDIA/RULER")));

    /// <summary>The data on this machine: the data folders in the order in which texts are searched.</summary>
    public static RulerData FromEnvironment() => FromFolders(DataFolder.FromEnvironment());

    /// <summary>The data in folders; the first that has a file wins.</summary>
    public static RulerData FromFolders(IReadOnlyList<DataFolder> folders) => new(name => folders.Select(folder => folder.Find(name)).FirstOrDefault(path => path is not null));

    /// <summary>The essay haystack.</summary>
    /// <exception cref="DataException">Missing or unreadable.</exception>
    public EssayHaystack Essays => essays.Value;

    /// <summary>SQuAD 2.0's development set.</summary>
    /// <exception cref="DataException">Missing or unreadable.</exception>
    public QuestionSet Squad => squad.Value;

    /// <summary>HotpotQA's development set with distractors.</summary>
    /// <exception cref="DataException">Missing or unreadable.</exception>
    public QuestionSet HotpotQa => hotpot.Value;

    /// <summary>RULER's larger word list, which <c>cwe</c> needs where more than 8,166 words are drawn, at about 128K tokens.</summary>
    /// <exception cref="DataException">Missing or unreadable.</exception>
    public IReadOnlyList<string> EnglishWords => words.Value;

    /// <summary>Digests of what has been read so far, by name; of the essays that of their content.</summary>
    public IReadOnlyDictionary<string, string> Digests()
    {
        Dictionary<string, string> digests = [];
        if (essays.IsValueCreated) (digests["haystack"], digests["sentence splitter"]) = (Essays.Sha256, Essays.SentenceSplitter);
        foreach (var (file, isRead) in OtherFiles.Zip([squad.IsValueCreated, hotpot.IsValueCreated, words.IsValueCreated]))
            if (isRead) digests[Path.GetFileNameWithoutExtension(file)] = FileDigest.Of(find(file)!);
        return digests;
    }

    private static string Found(Func<string, string?> find, string name, string howToGet) => find(name) ?? throw new DataException(
        $"RULER's data file {name} has to lie in a data folder, but neither LST_DATA nor the project's data nor ../shared/data has it; {howToGet}, and put it there under that name.");

    private static string[] ReadWords(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(path));
            return [.. document.RootElement.EnumerateObject().Select(word => word.Value.GetString() ?? throw new InvalidOperationException("a word is null"))];
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            throw new DataException($"The file '{Path.GetFileName(path)}' has to be RULER's english_words.json, an object of words, but it cannot be read as one ({error.Message}); get it again.", error);
        }
    }
}
