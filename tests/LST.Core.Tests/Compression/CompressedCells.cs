using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Compression;

/// <summary>One method on one model: three prompts of unequal length, each compressed at every ratio.</summary>
public sealed class Cell(MethodSpec spec, LanguageModel model, IReadOnlyList<CompressedPrompts> samples) : IDisposable
{
    public MethodSpec Spec => spec;

    public MethodTraits Traits { get; } = MethodCases.TraitsOf(spec);

    public LanguageModel Model => model;

    public IReadOnlyList<CompressedPrompts> Samples => samples;

    /// <summary>Every compressed layer with what it came from.</summary>
    public IEnumerable<CellLayer> Layers =>
        from sample in Enumerable.Range(0, samples.Count)
        from job in Enumerable.Range(0, CompressedCells.Ratios.Count)
        from layer in Enumerable.Range(0, model.Config.Layers)
        select new CellLayer(this, sample, CompressedCells.Ratios[job], layer, samples[sample].Jobs[job].Cache.Layers[layer].Prefix!, samples[sample].Jobs[job].Plan.Layers[layer]);

    public void Dispose()
    {
        foreach (var sample in samples) sample.Dispose();
    }
}

/// <summary>One compressed layer of one sample.</summary>
public sealed record CellLayer(Cell Cell, int Sample, Ratio Ratio, int Layer, CompressedLayer Compressed, LayerBudget Budget)
{
    public int Tokens => CompressedCells.Lengths[Sample];

    public int Heads => Compressed.KeyValueHeads;

    public PlanContext Plan => new(Tokens, Cell.Model.Config.Layers, Heads, Ratio);

    /// <summary>The prompt's own keys and values [1, H_kv, T, D], in the current dispose scope.</summary>
    public (Tensor Keys, Tensor Values) Dense() => Cell.Samples[Sample].Dense.Layers[Layer].Tail.Joined();

    public int[] Positions(int head) => Compressed.Positions.Slice(Compressed.Offsets[head], Compressed.Length(0, head)).ToArray();

    public override string ToString() => $"{Cell.Spec.Typed} at {Ratio}, T = {Tokens}, layer {Layer}";
}

/// <summary>All cells, made when first asked for and kept for the tests of the matrix.</summary>
public sealed class CompressedCells : IDisposable
{
    private readonly Dictionary<string, LanguageModel> models = [];
    private readonly Dictionary<string, Cell> cells = [];

    public static IReadOnlyList<int> Lengths { get; } = [37, 61, 48];

    public static IReadOnlyList<Ratio> Ratios { get; } = [Ratio.One, Ratio.Of(3, 2), Ratio.Of(2), Ratio.Of(4), Ratio.Of(8)];

    public static long[] Prompt(int sample) => TinyModels.Prompt(Lengths[sample], 100 + sample);

    public LanguageModel Model(string heads, string type)
    {
        if (models.TryGetValue(heads + type, out var known)) return known;
        return models[heads + type] = TinyModels.Load(heads == "mha" ? TinyModels.Mha : TinyModels.Gqa, type == "bf16" ? bfloat16 : float32);
    }

    public Cell Get(string method, string heads, string type)
    {
        var key = $"{method} {heads} {type}";
        if (cells.TryGetValue(key, out var known)) return known;
        var (spec, model) = (MethodSpec.Parse(method), Model(heads, type));
        return cells[key] = new Cell(spec, model, [.. Enumerable.Range(0, Lengths.Count).Select(sample => Compress(spec, model, Prompt(sample)))]);
    }

    public static CompressedPrompts Compress(MethodSpec spec, LanguageModel model, long[] ids, IReadOnlyList<Ratio>? ratios = null)
    {
        using var compressor = spec.CreateWithPrompt();
        return PromptCompression.Run(model, ids, [.. (ratios ?? Ratios).Select(ratio => new CompressionJob(compressor, ratio))]);
    }

    /// <summary>A batch cache of the given samples at one ratio, made of copies.</summary>
    public static KvCache Joined(Cell cell, int ratio, IReadOnlyList<int> samples)
    {
        using var scope = NewDisposeScope();
        var cache = cell.Model.NewCache(samples.Count, blockTokens: 4);
        for (var l = 0; l < cell.Model.Config.Layers; l++)
            cache.Layers[l].Replace(CompressedLayer.Join([.. samples.Select(sample => Copy(cell.Samples[sample].Jobs[ratio].Cache.Layers[l].Prefix!))]));
        for (var b = 0; b < samples.Count; b++) cache.NextPositions[b] = cell.Samples[samples[b]].Jobs[ratio].Cache.NextPositions[0];
        return cache;
    }

    public static CompressedLayer Copy(CompressedLayer layer) => new CompressedLayer(layer.Batch, layer.KeyValueHeads, layer.Keys.clone(), layer.Values.clone(),
        layer.Offsets.ToArray(), layer.Positions.ToArray(), layer.Bias?.clone(), layer.Counts, layer.PositionsShared).Detached();

    public void Dispose()
    {
        foreach (var cell in cells.Values) cell.Dispose();
        foreach (var model in models.Values) model.Dispose();
    }
}

/// <summary>The classes of the matrix run one after another and share its cells.</summary>
[CollectionDefinition(Name)]
public sealed class InvariantMatrix : ICollectionFixture<CompressedCells>
{
    public const string Name = "invariant matrix";
}
