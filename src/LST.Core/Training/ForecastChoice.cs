using LST.Core.Sidecar;

namespace LST.Core.Training;

/// <summary>Memory and work of a step that learns which tokens to keep: one pass over the continuation with the graph of all layers, then the costs of one layer after the other.</summary>
internal sealed class ForecastChoice(ForecastShape shape)
{
    /// <summary>Whether the sidecar learns that.</summary>
    public bool Applies => shape.Sidecar.Choice == TokenChoiceRule.Learned;

    /// <summary>Bytes of the continuation's graph and of what each layer attended with, over all layers.</summary>
    public long GraphBytes()
    {
        var (model, suffix, keys) = (shape.Model, (long)shape.Data.Suffix, (long)shape.Data.Prefix + shape.Data.Suffix);
        var rows = suffix * (6L * model.HiddenSize + 4L * model.IntermediateSize + 4 * (shape.QueryWidth + 2 * shape.KeyWidth));
        var joined = keys * 2 * (model.GroupSize > 1 ? shape.QueryWidth : shape.KeyWidth);
        return model.Layers * (shape.Size * (rows + joined) + 4 * 2 * model.QueryHeads * suffix * keys);
    }

    /// <summary>Bytes of one layer's costs and of the importance network with its way back.</summary>
    public long LayerBytes()
    {
        var (model, config, tokens, suffix) = (shape.Model, shape.Sidecar, (long)shape.Data.Prefix, (long)shape.Data.Suffix);
        var costs = 8 * 4L * model.QueryHeads * suffix * (tokens + suffix);
        var network = 2 * 4L * model.KeyValueHeads * tokens * (4L * model.HeadDim + 7L * config.ChoiceRank + 4L * config.ChoiceHidden);
        return costs + network;
    }

    /// <summary>Multiplications and additions of one sequence behind its dense pass.</summary>
    public double Sequence()
    {
        var (model, tokens, suffix) = (shape.Model, (double)shape.Data.Prefix, (double)shape.Data.Suffix);
        var weights = 2.0 * shape.LayerWeights;
        // There, and back to the inputs alone, whose attention has two ways.
        var continuation = model.Layers * (2 * weights * suffix + 3 * 4.0 * shape.QueryWidth * suffix * (tokens + suffix));
        var logits = 2.0 * 2 * suffix * model.HiddenSize * model.VocabularySize;
        var costs = model.Layers * 4.0 * shape.QueryWidth * suffix * (tokens + suffix);
        return continuation + logits + costs + 3 * Importance();
    }

    /// <summary>The importance network over one prompt.</summary>
    public double Importance()
    {
        var (model, config) = (shape.Model, shape.Sidecar);
        double perToken = 2.0 * model.HeadDim * config.ChoiceRank + (5.0 * config.ChoiceRank + 1) * config.ChoiceHidden + config.ChoiceRank;
        return 2.0 * model.Layers * model.KeyValueHeads * shape.Data.Prefix * perToken;
    }
}
