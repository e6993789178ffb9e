using LST.Core.Attention;
using LST.Core.Caching;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Evaluation.Tests.Perplexity;

/// <summary>
/// Protocol E1 without any cache: one forward pass over the whole chunk in which queries before <paramref name="prefix"/> see all keys up to themselves,
/// and the queries behind see what <paramref name="compress"/> makes of the prefix, and each other. Products in double.
/// </summary>
/// <param name="prefix">T, tokens that are compressed.</param>
/// <param name="compress">From prefix keys and values [H, T, D] to slots [H, n, D] and a bias [n] or null.</param>
internal sealed class PrefixOracle(int prefix, Func<Tensor, Tensor, (Tensor Keys, Tensor Values, Tensor? Bias)> compress) : ISegmentAttention
{
    public string Name => "oracle";

    public Tensor Attend(Tensor queries, Tensor keys, Tensor values, LayerCache layer, SegmentMask mask)
    {
        var (q, k, v) = (queries[0].to(float64), keys[0].to(float64), values[0].to(float64));
        var behind = q.shape[1] - prefix;
        var before = Softmax(q.narrow(1, 0, prefix), k.narrow(1, 0, prefix), v.narrow(1, 0, prefix), Causal(prefix, 0));
        var (slotKeys, slotValues, bias) = compress(k.narrow(1, 0, prefix), v.narrow(1, 0, prefix));
        var additive = Causal(behind, slotKeys.shape[1]);
        if (bias is not null) additive.narrow(1, 0, slotKeys.shape[1]).add_(bias);
        var after = Softmax(q.narrow(1, prefix, behind), cat([slotKeys, k.narrow(1, prefix, behind)], 1), cat([slotValues, v.narrow(1, prefix, behind)], 1), additive);
        return cat([before, after], 1).to(queries.dtype).unsqueeze(0);
    }

    /// <summary>NLL in nats of ids P … P + S − 1 of a chunk of P + S ids whose first P − 1 are compressed.</summary>
    public static double[] Score(LanguageModel model, long[] chunk, int prefixIds, Func<Tensor, Tensor, (Tensor Keys, Tensor Values, Tensor? Bias)> compress)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var usual = model.Attention;
        model.Attention = new PrefixOracle(prefixIds - 1, compress);
        try
        {
            using var cache = model.NewCache(1);
            var hidden = model.Run(tensor(chunk, 1, chunk.Length), cache)[0];
            var logs = model.Logits(hidden).to(float64).log_softmax(1);
            return [.. Enumerable.Range(prefixIds, chunk.Length - prefixIds).Select(i => -logs[i - 1, chunk[i]].item<double>())];
        }
        finally
        {
            model.Attention = usual;
        }
    }

    // [rows, slots + rows]: all slots, and the keys of the segment up to the query's own.
    private static Tensor Causal(long rows, long slots) => cat([zeros(rows, slots, float64), full(rows, rows, double.NegativeInfinity, float64).triu(1)], 1);

    private static Tensor Softmax(Tensor q, Tensor k, Tensor v, Tensor additive) =>
        matmul((matmul(q, k.transpose(1, 2)) / Math.Sqrt(q.shape[2]) + additive).softmax(-1), v);
}
