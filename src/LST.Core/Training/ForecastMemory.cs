using LST.Core.Sidecar;

namespace LST.Core.Training;

/// <summary>Bytes of the parts of a run, counted as the code allocates them.</summary>
internal sealed class ForecastMemory(ForecastShape shape)
{
    // Runtime, libraries, tokenizer and compiled code.
    private const long Process = 190L << 20;
    private const long LogitBytes = 64L << 20;
    private readonly ForecastChoice choice = new(shape);

    public IReadOnlyList<ForecastPart> Parts()
    {
        var (all, largest) = shape.Weights;
        var step = choice.Applies ? choice.GraphBytes() + choice.LayerBytes() : Math.Max(LayerGraph() + Kept(), CompressionGraph() + Kept());
        // While weights are read, two of the widest matrices are joined to one.
        var reading = 2 * largest * shape.Size;
        var dense = DensePass();
        // Blocks of up to 32 MB stay with the allocator when they are freed: what the parts of a step take in turn adds up, and a quarter of the many small ones is lost between.
        var work = Math.Max((long)(1.25 * step) + Logits() + dense, reading - StoreBytes() - SidecarBytes());
        work += HeadBudgets();
        var held = Math.Min(work, choice.Applies ? choice.GraphBytes() : Kept());
        return
        [
            new("process", Process + 6 * shape.Data.TextTokens),
            new("weights", all * shape.Size),
            new("prefix store", StoreBytes()),
            new("sidecar, gradients, moments", SidecarBytes()),
            new(choice.Applies ? "graph of the continuation" : "compressed layers and their graphs", held),
            new(choice.Applies ? "one layer's costs, and logits" : "one layer's activations and logits", work - held),
        ];
    }

    // Layouts of some sixty budgets, with their arrays, and running sums (choosers: shares of each token) in double: measured once, but what was taken stays with the allocators.
    private long HeadBudgets() => shape.Options.HeadSequences == 0 ? 0
        : choice.Applies ? (40L << 20) + 8L * 10 * 64 * shape.Model.QueryHeads * shape.Data.Prefix
        : (100L << 20) + 8 * 32 * shape.KeyWidth * shape.Data.Prefix;

    // Every sequence that is seen, up to the budget and one more; the same for development data.
    private long StoreBytes()
    {
        var (options, data) = (shape.Options, shape.Data);
        var one = shape.PreparedBytes(data.Suffix, true);
        var seen = Math.Min(options.Pool, (long)options.Steps * options.Sequences);
        var training = Math.Min(seen * one, Math.Max(options.StoreBytes, one) + one);
        var oneDevelopment = shape.PreparedBytes(data.DevelopmentSuffix, false);
        var development = Math.Min((data.DevelopmentChunks + data.RecallItems / 2) * oneDevelopment, Math.Max(options.StoreBytes / 4, oneDevelopment) + oneDevelopment);
        return training + development;
    }

    // Parameters, gradients, two moments, the best ones, and squares while the norm is taken.
    private long SidecarBytes() => 6 * 4 * SidecarModule.CountParameters(shape.Sidecar);

    // Prefix, continuation and the copies that are handed over.
    private long DensePass()
    {
        var (tokens, model) = ((long)shape.Data.Prefix, shape.Model);
        var cache = 2 * model.Layers * shape.KeyWidth * tokens;
        var activations = tokens * (4L * model.HiddenSize + 3L * model.IntermediateSize + 3 * (shape.QueryWidth + 2 * shape.KeyWidth));
        return shape.Size * (2 * cache + activations);
    }

    // What lives from the way there to the way back: packed layers, twice (as given and as the continuation reads them), inputs of all layers, and graphs where they are kept.
    private long Kept()
    {
        if (!shape.RunsModel) return 0;
        var packed = 2 * 2 * shape.Size * shape.Model.Layers * shape.Slots * shape.KeyWidth;
        var inputs = shape.Size * shape.Model.Layers * (long)shape.Data.Suffix * shape.Model.HiddenSize;
        return packed + inputs + (TrainingStep.KeepsGraphs(shape.Sidecar, shape.Windows * shape.Model.Layers, TrainingStep.MostGraphBytes) ? shape.Model.Layers * SavedGraph() : 0);
    }

    // Of one layer of the network: what autograd saves.
    private long SavedGraph()
    {
        var (config, windows) = (shape.Sidecar, shape.Windows);
        long seen = config.SeenTokens, hidden = config.Hidden, width = 2L * config.Model.HeadDim, made = width * config.SuperTokens;
        var network = config.Network switch
        {
            SidecarNetwork.Encoder => seen * (width + config.EncoderLayers * (9 * hidden + 2L * config.FeedForward * hidden) + 4 * hidden),
            SidecarNetwork.PerHead => seen * width + 3 * hidden,
            _ => seen * config.Rank + 4 * hidden,
        };
        return 4 * (windows * (network + config.LongestWindow * width + 4 * made) + 2 * shape.KeyWidth * shape.Data.Prefix) + shape.Size * 2 * shape.Slots * shape.KeyWidth;
    }

    // All that one layer of the network makes before it is freed, and the way back.
    private long CompressionGraph()
    {
        var tokens = 4 * 16 * shape.KeyWidth * shape.Data.Prefix;
        var probes = shape.Aligns ? 4 * 4L * shape.Model.QueryHeads * shape.Options.Losses.ProbeCount * (shape.Data.Prefix + 2 * shape.Slots) : 0;
        return tokens + 2 * SavedGraph() + probes;
    }

    // One layer of the continuation with its graph, and the way back.
    private long LayerGraph()
    {
        if (!shape.RunsModel) return 0;
        var (model, suffix, keys) = (shape.Model, (long)shape.Data.Suffix, shape.Slots + shape.Data.Suffix);
        var rows = suffix * (14L * model.HiddenSize + 4L * model.IntermediateSize + 8 * (shape.QueryWidth + 2 * shape.KeyWidth));
        var joined = 2 * keys * (shape.KeyWidth + (model.GroupSize > 1 ? shape.QueryWidth : 0));
        var scores = 3 * 4L * model.QueryHeads * suffix * keys;
        return (long)(1.6 * (shape.Size * (rows + joined) + scores));
    }

    private long Logits()
    {
        var rows = Math.Max(shape.Data.Suffix, shape.Data.DevelopmentSuffix);
        var block = Math.Min(LogitBytes, 4L * rows * shape.Model.VocabularySize);
        return (shape.Size == 4 ? 1 : 2) * block + (8L << 20);
    }
}
