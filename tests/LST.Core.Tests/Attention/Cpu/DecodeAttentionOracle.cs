namespace LST.Core.Tests.Attention.Cpu;

/// <summary>Attention of one query row in double precision, slot by slot, from the formula.</summary>
internal static class DecodeAttentionOracle
{
    /// <summary>A slot as the oracle sees it.</summary>
    public sealed record Slot(double[] Key, double[] Value, double Bias, int Position);

    /// <summary>softmax(q·k/√D + bias)·v over the slots with position above t − W; zeros if there is none.</summary>
    public static double[] Attend(double[] query, IReadOnlyList<Slot> slots, int position, int? window)
    {
        var seen = slots.Where(s => (window is null || position - s.Position < window) && !double.IsNegativeInfinity(s.Bias)).ToList();
        var output = new double[query.Length];
        if (seen.Count == 0) return output;
        var logits = seen.Select(s => query.Zip(s.Key, (q, k) => q * k).Sum() / Math.Sqrt(query.Length) + s.Bias).ToArray();
        var max = logits.Max();
        var weights = logits.Select(l => Math.Exp(l - max)).ToArray();
        var total = weights.Sum();
        for (var j = 0; j < seen.Count; j++)
            for (var d = 0; d < output.Length; d++)
                output[d] += weights[j] / total * seen[j].Value[d];
        return output;
    }
}
