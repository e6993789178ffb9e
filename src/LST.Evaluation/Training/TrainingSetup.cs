using System.Security.Cryptography;
using System.Text;
using LST.Core;
using LST.Core.Compression;
using LST.Core.Sidecar;
using LST.Core.Training;
using LST.Core.Training.Data;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Texts;

namespace LST.Evaluation.Training;

/// <summary>Turns a request into options and data of a trainer: texts are found, tokenised (once, kept in a cache) and sampled.</summary>
public sealed class TrainingSetup
{
    private readonly TrainingRequest request;
    private readonly LoadedModel loaded;

    /// <summary>A setup for one model.</summary>
    public TrainingSetup(TrainingRequest request, LoadedModel loaded)
    {
        (this.request, this.loaded) = (request.Checked(), loaded);
        Prefix = request.Prefix ?? new PerplexitySettings().PrefixFor(loaded.Model.Config.MaxPositions);
        if ((long)Prefix + request.Suffix > loaded.Model.Config.MaxPositions)
            throw new UsageException($"--prefix {Prefix} and --suffix {request.Suffix} are more than the {loaded.Model.Config.MaxPositions} positions that model '{loaded.Identity.Name}' was trained on; give smaller ones");
    }

    /// <summary>P.</summary>
    public int Prefix { get; }

    /// <summary>The sidecar's options.</summary>
    public SidecarConfig Sidecar() => SidecarOptionText.Apply(
        SidecarPresets.Of(request.Preset, loaded.Identity.Name, loaded.Identity.WeightsSha256, loaded.Model.Config, request.Ratios), request.SidecarOptions);

    /// <summary>The trainer's options.</summary>
    /// <param name="steps">Number of steps.</param>
    public TrainingOptions Options(int steps) => new TrainingOptions
    {
        Sidecar = Sidecar(),
        Ratios = request.Ratios,
        Steps = steps,
        Sequences = SequencesPerStep(),
        LearningRate = request.LearningRate ?? DefaultRate(request.Preset),
        Seed = request.Seed,
        Pool = request.Pool,
        HeadSequences = request.HeadSequences ?? (request.Preset == "paper" ? 0 : 16),
        Losses = request.Losses ?? LossSettings.Of(request.Preset),
        ValidateEvery = request.ValidateEvery ?? Math.Max(1, (steps + 9) / 10),
        SaveEvery = request.SaveEvery,
        StoreBytes = request.StoreBytes,
    }.Checked();

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
            progress.Note($"tokens of {name}");
            streams.Add(cache.GetOrBuild(text, loaded.Tokenizer, new TokenStreamSettings { MaxTokens = request.TokensOfText }, null, cancel));
        }
        var sampler = new SequenceSampler(new MixtureSettings { PrefixMin = Prefix - 1, PrefixMax = Prefix - 1, Suffix = request.Suffix, Kinds = request.Kinds }, streams, loaded.Tokenizer, loaded.BosId, request.Seed);
        var development = new List<DevelopmentText>();
        foreach (var name in request.DevelopmentTexts)
            if (Text(catalog, name, isOptional: request.DevelopmentTexts.Count > 1, progress) is { } text)
                development.Add(new DevelopmentText(name, DevelopmentSet.Chunks(text, loaded.Tokenizer, loaded.BosId, Prefix, 512 <= loaded.Model.Config.MaxPositions - Prefix ? 512 : request.Suffix, request.DevelopmentChunks)));
        if (development.Count == 0) throw new DataException($"none of the development texts {string.Join(", ", request.DevelopmentTexts)} is on this machine; run './lst setup', which restores the package that api-dev is made from");
        var recall = Recall();
        var fingerprint = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
            $"{sampler.Sha256} {string.Join(' ', development.Select(d => $"{d.Name} {d.Chunks.Count} {d.Chunks[0].Suffix}"))} {recall.Count}")));
        return new TrainingData(sampler.At, fingerprint, development, recall);
    }

    /// <summary>Default peak learning rate of a preset.</summary>
    public static double DefaultRate(string preset) => preset == "paper" ? 5e-4 : 3e-3;

    private int SequencesPerStep()
    {
        if (request.BatchWindows is not { } windows) return 4;
        var perSequence = Math.Max(1, Ratio.One.Slots(Prefix - 1) / (int)Math.Ceiling(request.Ratios[0].Value));
        return Math.Max(1, (windows + perSequence / 2) / perSequence);
    }

    private static TrainingText? Text(TextCatalog catalog, string name, bool isOptional, IRunProgress progress)
    {
        var entry = catalog.List().FirstOrDefault(text => text.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (entry is null) return new TrainingText(Path.GetFileName(name), TextRoles.File, null, catalog.Documents(name));
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
