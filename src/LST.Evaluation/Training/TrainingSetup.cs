using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using LST.Core;
using LST.Core.Training;
using LST.Core.Training.Data;
using LST.Evaluation.Texts;

namespace LST.Evaluation.Training;

/// <summary>The data of a trainer: texts are found, tokenised (once, kept in a cache) and sampled.</summary>
/// <param name="request">What is asked for.</param>
/// <param name="loaded">The model.</param>
public sealed class TrainingSetup(TrainingRequest request, LoadedModel loaded)
{
    /// <summary>What the model's shape decides.</summary>
    public TrainingPlan Plan { get; } = new(request, loaded.Identity.Name, loaded.Identity.WeightsSha256, loaded.Model.Config);

    private int Prefix => Plan.Prefix;

    /// <summary>Refuses texts that are unknown, missing or not to be trained on, before a model is read.</summary>
    /// <exception cref="UsageException">Unknown, or of another role.</exception>
    /// <exception cref="DataException">Known, but not on this machine.</exception>
    public static void CheckTexts(TrainingRequest request)
    {
        var catalog = TextCatalog.FromEnvironment();
        Check(request.Texts, "--texts", "train on", name => name == "corpus" && request.Texts.Count > 1, [TextRoles.Training]);
        Check(request.DevelopmentTexts, "--dev", "choose a step by", _ => request.DevelopmentTexts.Count > 1, [TextRoles.Development, TextRoles.Training]);

        void Check(IReadOnlyList<string> names, string flag, string use, Func<string, bool> isOptional, string[] roles)
        {
            foreach (var name in names)
            {
                // A file is read, so that it is there and is text.
                if (Entry(catalog, name) is not { } entry) _ = catalog.Load(name);
                else if (!roles.Contains(entry.Role)) throw new UsageException($"{flag} {name}: a text to {use} must have the role {string.Join(" or ", roles)}, but this one has '{entry.Role}'; take another one (./lst data list)");
                else if (entry.FoundIn is null && !isOptional(name)) throw new DataException($"text '{name}' is not on this machine; {entry.HowToGet}");
            }
        }
    }

    /// <summary>How many of the texts are on this machine, files not looked at.</summary>
    internal static int FoundTexts(IReadOnlyList<string> names)
    {
        var catalog = TextCatalog.FromEnvironment();
        return names.Count(name => Entry(catalog, name) is null or { FoundIn: not null });
    }

    /// <summary>Texts, tokenised and sampled, and the development data.</summary>
    /// <param name="progress">Told while texts are tokenised.</param>
    /// <param name="cancel">Stops between documents.</param>
    public TrainingData Data(IRunProgress progress, CancellationToken cancel)
    {
        var catalog = TextCatalog.FromEnvironment();
        var cache = new TokenStreamCache(Path.Combine(ProjectFolders.Work ?? Path.GetTempPath(), "tokens"));
        var streams = new List<TokenStream>();
        foreach (var name in request.Texts)
        {
            if (Text(catalog, name, isOptional: request.Texts.Count > 1 && name == "corpus", progress) is not { } text) continue;
            progress.Note($"tokens of {text.Name}");
            streams.Add(cache.GetOrBuild(text, loaded.Tokenizer, new TokenStreamSettings { MaxTokens = request.TokensOfText }, null, cancel));
        }
        var sampler = new SequenceSampler(new MixtureSettings { PrefixMin = Prefix - 1, PrefixMax = Prefix - 1, Suffix = request.Suffix, Kinds = request.Kinds }, streams, loaded.Tokenizer, loaded.BosId, request.Seed);
        var development = new List<DevelopmentText>();
        foreach (var name in request.DevelopmentTexts)
            if (Text(catalog, name, isOptional: request.DevelopmentTexts.Count > 1, progress) is { } text)
                development.Add(new DevelopmentText(text.Name, DevelopmentSet.Chunks(text, loaded.Tokenizer, loaded.BosId, Prefix, Plan.DevelopmentSuffix, request.DevelopmentChunks)));
        if (development.Count == 0) throw new DataException($"none of the development texts {string.Join(", ", request.DevelopmentTexts)} is on this machine; run './lst setup', which restores the package that api-dev is made from");
        var recall = Recall();
        var fingerprint = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
            $"{sampler.Sha256} {string.Join(' ', development.Select(d => $"{d.Name} {Digest(d.Chunks)}"))} {Digest(recall.Select(item => item.Sequence))}")));
        return new TrainingData(sampler.At, fingerprint, development, recall);
    }

    // Of everything that is read: the best step is chosen by it.
    private static string Digest(IEnumerable<TrainingSequence> sequences)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var sequence in sequences)
        {
            hash.AppendData(MemoryMarshal.AsBytes<long>([sequence.Prefix, sequence.Suffix]));
            hash.AppendData(MemoryMarshal.AsBytes<long>(sequence.Ids));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static TextEntry? Entry(TextCatalog catalog, string name) => catalog.List().FirstOrDefault(text => text.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static TrainingText? Text(TextCatalog catalog, string name, bool isOptional, IRunProgress progress)
    {
        if (Entry(catalog, name) is not { } entry) return new TrainingText(Path.GetFileName(name), TextRoles.File, null, catalog.Documents(name));
        if (entry.FoundIn is null && isOptional)
        {
            progress.Note($"text '{name}' is not on this machine and is left out; {entry.HowToGet}");
            return null;
        }
        return new TrainingText(entry.Name, entry.Role, DatasetLock.Current.Texts.First(text => text.Name == entry.Name).Sha256, catalog.Documents(name));
    }

    private IReadOnlyList<RecallItem> Recall()
    {
        if (request.RecallItems == 0) return [];
        var file = DataFolder.FromEnvironment().Select(folder => folder.Find("recall/dev.jsonl")).FirstOrDefault(path => path is not null);
        if (file is null) return [];
        var fitting = DevelopmentSet.Recall(file, loaded.Tokenizer, loaded.BosId)
            .Where(item => item.Sequence.Prefix >= 128 && item.Sequence.Ids.Length <= loaded.Model.Config.MaxPositions && item.Sequence.Prefix < Prefix + 64).ToList();
        // Spread over the file, so that every template and length is seen.
        var count = Math.Min(request.RecallItems, fitting.Count);
        return [.. Enumerable.Range(0, count).Select(i => fitting[(int)((long)i * fitting.Count / count)])];
    }
}
