using System.Diagnostics;
using LST.Core;
using LST.Core.Attention;
using LST.Core.Models;
using LST.Core.Models.Checkpoints;
using LST.Core.Text;
using LST.Evaluation.Perplexity;
using LST.Evaluation.Records;
using static TorchSharp.torch;

namespace LST.Evaluation;

/// <summary>A model that is ready to run: weights, tokenizer, and what a record says of it.</summary>
public sealed class LoadedModel : IDisposable
{
    private LoadedModel(IModelFile file, LanguageModel model, ITokenizer tokenizer, Stopwatch clock)
    {
        (Model, Tokenizer) = (model, tokenizer);
        BosId = Bos(file, tokenizer);
        Metadata = file.Metadata;
        Folder = Directory.Exists(file.Path) ? file.Path : null;
        Identity = new ModelIdentity(file.ShortName, FileName(file), file.WeightsSha256(), file.Weights.Sum(weight => weight.Elements));
        model.WeightsSha256 = Identity.WeightsSha256;
        LoadTime = clock.Elapsed;
    }

    /// <summary>The decoder.</summary>
    public LanguageModel Model { get; }

    /// <summary>Its tokenizer.</summary>
    public ITokenizer Tokenizer { get; }

    /// <summary>The id in front of every text.</summary>
    public int BosId { get; }

    /// <summary>The model in a record.</summary>
    public ModelIdentity Identity { get; }

    /// <summary>Time that opening took, digest included.</summary>
    public TimeSpan LoadTime { get; }

    /// <summary>Metadata of a GGUF file; empty for folders.</summary>
    public IReadOnlyDictionary<string, object> Metadata { get; }

    /// <summary>The model's folder; null for a GGUF file.</summary>
    public string? Folder { get; }

    /// <summary>Opens a model by path or name and reads its weights.</summary>
    /// <param name="nameOrPath">A Hugging Face folder, a GGUF file, or a known name.</param>
    /// <param name="dtype">Type of weights, activations and cache.</param>
    /// <param name="attention"><c>reference</c>, <c>cpu</c> or <c>gpu</c>.</param>
    /// <param name="progress">Told while weights are read.</param>
    /// <param name="beforeWeights">Looks at the opened file and refuses what does not fit it before the weights are read, which may take minutes.</param>
    /// <param name="cancel">Stops between layers.</param>
    public static LoadedModel Open(
        string nameOrPath, ScalarType dtype, string attention = "cpu", IRunProgress? progress = null, Action<IModelFile>? beforeWeights = null, CancellationToken cancel = default)
    {
        var device = DeviceOf(attention);
        using var file = ModelFiles.Open(nameOrPath);
        var tokenizer = Directory.Exists(file.Path) ? TokenizerFiles.ForFolder(file.Path) : TokenizerFiles.FromGguf(file.Metadata);
        return Open(file, tokenizer, dtype, device, attention, progress, beforeWeights, cancel);
    }

    /// <summary>A model of random weights, with the tokenizer of <c>lst-ref</c>, whose ids every known shape has rows for.</summary>
    /// <param name="file">The shape.</param>
    /// <param name="dtype">Type of weights, activations and cache.</param>
    /// <param name="progress">Told while weights are drawn.</param>
    /// <param name="beforeWeights">Looks at the shape before the weights are drawn.</param>
    /// <param name="cancel">Stops between layers.</param>
    public static LoadedModel OpenShape(ShapedModel file, ScalarType dtype, IRunProgress? progress = null, Action<IModelFile>? beforeWeights = null, CancellationToken cancel = default) =>
        Open(file, TokenizerFiles.ForFolder(ModelFiles.Resolve("lst-ref").Path), dtype, CPU, "cpu", progress, beforeWeights, cancel);

    internal static LoadedModel Open(
        IModelFile file, ITokenizer tokenizer, ScalarType dtype, Device device, string attention, IRunProgress? progress, Action<IModelFile>? beforeWeights, CancellationToken cancel)
    {
        var clock = Stopwatch.StartNew();
        _ = Bos(file, tokenizer);
        beforeWeights?.Invoke(file);
        MemoryEstimate.Require($"model '{file.ShortName}' in {PerplexityNames.Dtype(dtype)}", MemoryEstimate.Weights(file, dtype));
        progress?.Begin($"{(file is ShapedModel ? "drawing" : "reading")} {file.ShortName}", file.Config.Layers, unit: "layers");
        var model = LanguageModel.Load(file, dtype, device, progress is null ? null : new LayerProgress(progress), cancel);
        try
        {
            if (attention == "reference") model.Attention = new ReferenceAttention();
            return new LoadedModel(file, model, tokenizer, clock);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Ids of a text without BOS, each one a row of the embedding.</summary>
    /// <param name="text">The text.</param>
    /// <param name="parseSpecial">Whether special tokens written in the text become their ids.</param>
    /// <exception cref="TokenizerException">The tokenizer has ids that the model has no row for.</exception>
    public int[] Encode(string text, bool parseSpecial = false)
    {
        var ids = Tokenizer.Encode(text, parseSpecial);
        var rows = Model.Config.VocabularySize;
        if (Array.Find(ids, id => id >= rows) is var outside and > 0)
            throw new TokenizerException($"model '{Identity.Name}': its tokenizer gives id {outside}, but the embedding has {rows} rows; the tokenizer's files and the weights do not belong together: take both from one source");
        return ids;
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    private static int Bos(IModelFile file, ITokenizer tokenizer)
    {
        var id = file.Config.BosId ?? tokenizer.BosId ?? throw new ModelFileException(
            $"model '{file.ShortName}': neither its config nor its tokenizer names a BOS id, which every protocol puts in front; add bos_token_id to config.json");
        return id < file.Config.VocabularySize ? id : throw new ModelFileException(
            $"model '{file.ShortName}': its tokenizer's BOS id {id} is outside the {file.Config.VocabularySize} rows of the embedding; take tokenizer and weights from one source");
    }

    private static Device DeviceOf(string attention)
    {
        if (attention is "reference" or "cpu") return CPU;
        if (attention != "gpu") throw new UsageException($"--attention '{attention}' is unknown; known: reference, cpu, gpu");
        return cuda.is_available() ? CUDA
            : throw new UsageException("--attention gpu: no CUDA device is visible to this build; build with -p:Torch=cuda-linux on a machine with an NVIDIA GPU, or use --attention cpu");
    }

    private static string FileName(IModelFile file)
    {
        if (file is ShapedModel) return "random weights";
        if (!Directory.Exists(file.Path)) return Path.GetFileName(file.Path);
        return File.Exists(Path.Combine(file.Path, "model.safetensors")) ? "model.safetensors" : "model.safetensors.index.json";
    }

    // Progress<T> would report from the thread pool, late and out of order.
    private sealed class LayerProgress(IRunProgress progress) : IProgress<double>
    {
        public void Report(double value) => progress.Advance();
    }
}
