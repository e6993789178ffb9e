using LST.Core.Caching;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Evaluation.Analysis;

/// <summary>
/// Attention of queries over the prefix alone, dense and compressed, in float32 and as the core computes it: logits q·k/√D, the log-mass bias on top, sliding windows by true
/// positions, query head h on KV head h / G. What stands behind the prefix is left out of both, and both are softmaxes over what is left. Tensors belong to the current dispose scope.
/// </summary>
internal static class PrefixAttention
{
    /// <summary>Logits over the tokens of the prefix [H_kv, G·Q, T]; −∞ where a query does not see a token.</summary>
    public static Tensor DenseLogits(PromptLayer layer, ProbeRows rows, int prefix, int? window)
    {
        var logits = Products(rows.Queries, layer.Keys.narrow(1, 0, prefix));
        return Seen(logits, rows.Positions, arange(prefix, device: logits.device).unsqueeze(0), window);
    }

    /// <summary>Logits over slots [H_kv, G·Q, n_max]; −∞ behind the last slot of a head and where a query does not see a slot.</summary>
    /// <param name="layer">The compressed layer, batch 1.</param>
    /// <param name="rows">The queries, at their true positions.</param>
    /// <param name="shift">Next position of the compressed cache less T: queries are turned by it where slots were renumbered.</param>
    /// <param name="rotary">Frequencies.</param>
    /// <param name="window">Sliding window, tokens; null: none.</param>
    /// <param name="withBias">The log-mass bias is added.</param>
    public static Tensor SlotLogits(CompressedLayer layer, ProbeRows rows, int shift, RotaryEmbedding rotary, int? window, SlotBiasUse withBias = SlotBiasUse.Added)
    {
        var (keys, _, mask) = layer.Padded();
        var logits = Products(Turned(rows.Queries, shift, rotary), keys[0].to(float32));
        if (mask is not null)
        {
            var additive = withBias == SlotBiasUse.Added ? mask[0] : zeros_like(mask[0]).masked_fill_(mask[0] == float.NegativeInfinity, float.NegativeInfinity);
            logits.add_(additive.unsqueeze(1));
        }
        if (window is null) return logits;
        var (heads, longest) = (layer.KeyValueHeads, layer.LongestLength);
        var positions = new long[heads * longest];
        for (var h = 0; h < heads; h++)
            for (var i = 0; i < layer.Length(0, h); i++) positions[h * longest + i] = layer.Positions[layer.Offsets[h] + i];
        return Seen(logits, [.. rows.Positions.Select(position => position + shift)], tensor(positions, heads, longest).to(logits.device), window);
    }

    /// <summary>Relative errors |o_compressed − o_dense| / |o_dense| of attention's output [H_q, Q] for each compressed cache of a layer.</summary>
    public static IReadOnlyList<Tensor> Errors(PromptLayer layer, ProbeRows rows, int prefix, LanguageModel model, IReadOnlyList<(CompressedLayer Layer, int Shift)> compressed)
    {
        var (window, heads) = (model.Config.SlidingWindow, rows.Queries.shape[0]);
        var dense = Output(DenseLogits(layer, rows, prefix, window), layer.Values.narrow(1, 0, prefix));
        var size = dense.norm(2);
        return [.. compressed.Select(made =>
        {
            var output = Output(SlotLogits(made.Layer, rows, made.Shift, model.Rotary, window), made.Layer.Padded().Values[0].to(float32));
            return ((output - dense).norm(2) / size).view(heads, -1);
        })];
    }

    /// <summary>Queries turned on by some positions.</summary>
    public static Tensor Turned(Tensor queries, int shift, RotaryEmbedding rotary)
    {
        if (shift == 0) return queries;
        var (cos, sin) = rotary.Tables([shift]);
        return RotaryEmbedding.Rotate(queries, cos.to(queries.device), sin.to(queries.device));
    }

    /// <summary>Scaled products [H_kv, G·Q, n] of queries [H_q, Q, D] with keys [H_kv, n, D].</summary>
    public static Tensor Products(Tensor queries, Tensor keys)
    {
        var (heads, headDim) = (keys.shape[0], keys.shape[2]);
        return matmul(queries.reshape(heads, -1, headDim), keys.transpose(1, 2)).div_(Math.Sqrt(headDim));
    }

    // A query that sees no slot reads nothing.
    private static Tensor Output(Tensor logits, Tensor values) => matmul(logits.softmax(-1).nan_to_num(0), values);

    // Positions [1 or H_kv, n]; the group's query heads are rows one after another.
    private static Tensor Seen(Tensor logits, long[] queryPositions, Tensor positions, int? window)
    {
        if (window is not { } length) return logits;
        var rows = tensor(queryPositions, queryPositions.Length, 1).to(logits.device).repeat(logits.shape[1] / queryPositions.Length, 1);
        return logits.masked_fill_(rows.unsqueeze(0) - positions.unsqueeze(1) >= length, float.NegativeInfinity);
    }
}

/// <summary>What happens to the log-mass bias.</summary>
internal enum SlotBiasUse
{
    /// <summary>Added to the logits, as attention does.</summary>
    Added,

    /// <summary>Left out.</summary>
    Off,
}
