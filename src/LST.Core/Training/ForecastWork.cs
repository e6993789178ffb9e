using LST.Core.Sidecar;

namespace LST.Core.Training;

/// <summary>Multiplications and additions (two for each product of two numbers) of the parts of a step.</summary>
internal sealed class ForecastWork(ForecastShape shape)
{
    private readonly double weights = 2.0 * shape.LayerWeights;
    private readonly ForecastChoice choice = new(shape);

    /// <summary>A dense pass over prefix and continuation.</summary>
    public double Dense(long suffix)
    {
        double tokens = shape.Data.Prefix;
        return shape.Model.Layers * (weights * (tokens + suffix) + 2 * shape.QueryWidth * tokens * tokens + Attention(suffix, shape.Data.Prefix));
    }

    /// <summary>One sequence of a step behind its dense pass: compression, continuation, and the way back through both.</summary>
    public double Sequence()
    {
        if (choice.Applies) return choice.Sequence();
        var suffix = shape.Data.Suffix;
        var continuation = shape.RunsModel ? 3 * Continuation(suffix) : 0;
        var sides = shape.Options.Losses.Divergence > 0 ? 2 : 1;
        var logits = shape.RunsModel ? 2.0 * (sides + 1) * suffix * shape.Model.HiddenSize * shape.Model.VocabularySize : 0;
        var probes = shape.Aligns ? 4.0 * shape.Model.Layers * shape.QueryWidth * shape.Options.Losses.ProbeCount * (shape.Data.Prefix + 3.0 * shape.Slots) : 0;
        // There, back to the inputs of each product, and back to its weights.
        return continuation + logits + probes + 3 * Compression();
    }

    /// <summary>One chunk of a validation.</summary>
    public double Validated(long suffix) => Compression() + Continuation(suffix) + 2.0 * suffix * shape.Model.HiddenSize * shape.Model.VocabularySize;

    private double Continuation(long suffix) => shape.Model.Layers * (weights * suffix + Attention(suffix, shape.Slots));

    private double Attention(double suffix, double before) => 4.0 * shape.QueryWidth * suffix * (before + suffix);

    private double Compression()
    {
        if (choice.Applies) return choice.Importance();
        var config = shape.Sidecar;
        double inputs = 2.0 * config.Model.HeadDim, seen = config.SeenTokens, hidden = config.Hidden, rank = config.Rank, outputs = (2.0 * config.LongestWindow + 1 + inputs) * config.SuperTokens;
        var perWindow = config.Network switch
        {
            SidecarNetwork.Encoder => seen * (inputs * hidden + config.EncoderLayers * hidden * hidden * (4 + 2 * config.FeedForward) + 2 * hidden * hidden) + hidden * hidden + hidden * inputs,
            SidecarNetwork.PerHead => seen * inputs * hidden + hidden * outputs,
            _ => seen * rank * hidden + hidden * hidden + hidden * (rank + outputs - inputs) + rank * inputs * config.SuperTokens,
        };
        var perToken = config.Network == SidecarNetwork.Trunk ? inputs * rank : 0;
        // Refitting solves one system of the windows' size a head.
        var refit = config.Refit == RefitProbes.None ? 0 : shape.Model.KeyValueHeads * Math.Pow((double)shape.Windows / shape.Model.KeyValueHeads * config.SuperTokens, 3);
        return 2 * shape.Model.Layers * (shape.Windows * perWindow + (double)shape.Model.KeyValueHeads * shape.Data.Prefix * perToken + refit);
    }
}
