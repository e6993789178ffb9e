using LST.Core.Models;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Records;
using LST.Evaluation.Texts;
using static TorchSharp.torch;

namespace LST.Evaluation.Tests.Perplexity;

/// <summary>The model that ships with the project, loaded once for a class of tests, and losses by the plainest way there is.</summary>
public sealed class ReferenceModel : IDisposable
{
    public LoadedModel Loaded { get; } = LoadedModel.Open(Folder, float32);

    public static string Folder => Path.Combine(Shared.RepositoryRoot, "data", "models", "lst-ref");

    public LanguageModel Model => Loaded.Model;

    public PerplexityRecord Run(LoadedText text, PerplexitySettings settings) =>
        new PerplexityRun(Loaded, settings).Run(text, "./lst eval ppl", cancel: TestContext.Current.CancellationToken);

    public void Dispose() => Loaded.Dispose();

    /// <summary>A text of the test's own.</summary>
    public static LoadedText Text(string content, string name = "synthetic") => new(name, content, new string('0', 64), content.Length, "test");

    /// <summary>The API prose, which is restored with the project.</summary>
    /// <summary>A text by name, from the folder beside the checkout too.</summary>
    public static LoadedText Load(string name)
    {
        IEnumerable<DataFolder> beside = Shared.Folder is { } folder ? [new DataFolder("shared", Path.Combine(folder, "data"))] : [];
        return new TextCatalog([.. DataFolder.FromEnvironment(), .. beside], ReferencePack.Find()).Load(name);
    }

    public static LoadedText Api { get; } = TextCatalog.FromEnvironment().Load("api");

    /// <summary>Its beginning, about 1,500 ids: enough for short chunks.</summary>
    public static LoadedText Prose { get; } = Text(Api.Content[..6000], "prose");

    /// <summary>Ids of a text as the tokenizer gives them, BOS not among them.</summary>
    public long[] Ids(string content) => [.. Loaded.Tokenizer.Encode(content).Select(id => (long)id)];

    /// <summary>Chunk c as conventions define it: BOS and text ids [c·(P + S − 1), (c + 1)·(P + S − 1)).</summary>
    public static long[] Chunk(long[] textIds, int chunk, int prefix, int suffix) =>
        [0, .. textIds.Skip(chunk * (prefix + suffix - 1)).Take(prefix + suffix - 1)];

    /// <summary>Loss in nats of each id but the first given those before it, from one forward pass, log-softmax in double.</summary>
    public double[] Losses(long[] ids)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var cache = Model.NewCache(1);
        var hidden = Model.Run(tensor(ids, 1, ids.Length), cache)[0];
        var losses = new double[ids.Length - 1];
        for (var start = 0; start < losses.Length; start += 256)
        {
            using var rows = NewDisposeScope();
            var count = Math.Min(256, losses.Length - start);
            var logs = Model.Logits(hidden.narrow(0, start, count)).to(float64).log_softmax(1);
            for (var i = 0; i < count; i++) losses[start + i] = -logs[i, ids[start + i + 1]].item<double>();
        }
        return losses;
    }
}
