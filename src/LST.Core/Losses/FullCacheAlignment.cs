using static TorchSharp.torch;

namespace LST.Core.Losses;

/// <summary>The full-cache form of QPAA; inputs are checked.</summary>
internal static class FullCacheAlignment
{
    /// <summary>Dense logits that are held at a time, in bytes.</summary>
    internal const long LogitBytes = 64L << 20;

    public static Tensor Of(Tensor queries, Tensor keys, Tensor values, Tensor compressedKeys, Tensor compressedValues, Tensor? bias, AlignmentSettings settings)
    {
        var precision = LossInputs.Precision(compressedKeys, compressedValues, bias);
        var rows = QueryProbingAttentionAlignment.Grouped(queries, keys.shape[0], precision);                  // [H_kv, G·Q, D]
        var (output, logSumExp) = Dense(rows, keys, values, LogitBytes);
        var logits = matmul(rows, compressedKeys.to(precision).transpose(1, 2));                               // [H_kv, G·Q, n]
        if (bias is not null) logits = logits + bias.to(precision).unsqueeze(1);
        var errors = (matmul(logits.softmax(-1), compressedValues.to(precision)) - output).square().sum(-1);   // [H_kv, G·Q]
        var loss = QueryProbingAttentionAlignment.OutputTerm(errors, () => output.square().sum(-1), queries.shape[0], settings);
        if (settings.LogSumExpWeight == 0) return loss;
        return loss + (logits.logsumexp(-1) - logSumExp).square().mean() * settings.LogSumExpWeight;
    }

    /// <summary>Attention of scaled rows over dense keys, without gradients, in blocks of rows.</summary>
    /// <param name="rows">[H_kv, R, D].</param>
    /// <param name="keys">[H_kv, T, D].</param>
    /// <param name="values">[H_kv, T, D].</param>
    /// <param name="logitBytes">Bytes of one block's logits.</param>
    /// <returns>Outputs [H_kv, R, D] and log-sum-exps [H_kv, R].</returns>
    internal static (Tensor Output, Tensor LogSumExp) Dense(Tensor rows, Tensor keys, Tensor values, long logitBytes)
    {
        using var noGradients = no_grad();
        var turnedKeys = keys.to(rows.dtype).transpose(1, 2);
        var wideValues = values.to(rows.dtype);
        var block = Math.Clamp(logitBytes / (keys.shape[0] * keys.shape[1] * rows.ElementSize), 1, rows.shape[1]);
        var output = empty_like(rows);
        var logSumExp = empty([rows.shape[0], rows.shape[1]], rows.dtype, rows.device);
        for (var start = 0L; start < rows.shape[1]; start += block)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(block, rows.shape[1] - start);
            var logits = matmul(rows.narrow(1, start, count), turnedKeys);
            var mass = logits.logsumexp(-1, true);
            logSumExp.narrow(1, start, count).copy_(mass.squeeze(-1));
            output.narrow(1, start, count).copy_(matmul(logits.sub_(mass).exp_(), wideValues));
        }
        return (output, logSumExp);
    }
}
