namespace LST.Core.Models.Generation;

/// <summary>How the next token is chosen.</summary>
/// <param name="Temperature">0: the largest logit (first maximum wins); else logits are divided by it.</param>
/// <param name="TopK">Only the k largest; 0: all.</param>
/// <param name="TopP">Only the most likely tokens that together reach this probability; 1: all.</param>
/// <param name="Seed">Seed of the draws.</param>
public sealed record SamplingOptions(double Temperature = 0, int TopK = 0, double TopP = 1, int Seed = 0)
{
    /// <summary>Refuses numbers that make no sense.</summary>
    /// <exception cref="UsageException">One sentence.</exception>
    public SamplingOptions Checked()
    {
        if (!(Temperature >= 0) || double.IsInfinity(Temperature)) throw new UsageException($"--temperature {Temperature}: it must be at least 0 (0 is greedy)");
        if (TopK < 0) throw new UsageException($"--top-k {TopK}: it must be at least 0 (0 keeps all)");
        if (!(TopP > 0 && TopP <= 1)) throw new UsageException($"--top-p {TopP}: it must be above 0 and at most 1");
        return this;
    }
}

/// <summary>Chooses tokens from logits; the same seed gives the same choices. Its buffers are allocated once.</summary>
public sealed class Sampler(SamplingOptions options)
{
    private readonly Random random = new(options.Seed);
    private double[] weights = [];
    private int[] order = [];

    /// <summary>The next id from logits [V].</summary>
    public int Next(ReadOnlySpan<float> logits)
    {
        if (options.Temperature == 0) return FirstMaximum(logits);
        if (weights.Length != logits.Length) (weights, order) = (new double[logits.Length], new int[logits.Length]);
        double largest = logits[FirstMaximum(logits)];
        for (var i = 0; i < logits.Length; i++)
        {
            order[i] = i;
            weights[i] = -Math.Exp((logits[i] - largest) / options.Temperature);
        }
        var kept = logits.Length;
        if (options.TopK > 0 || options.TopP < 1)
        {
            Array.Sort(weights, order);                    // negated, so that the likeliest come first
            if (options.TopK > 0) kept = Math.Min(kept, options.TopK);
            kept = WithinTopP(kept);
        }
        return order[Draw(kept)];
    }

    private int WithinTopP(int kept)
    {
        if (options.TopP >= 1) return kept;
        double total = 0, sum = 0;
        for (var i = 0; i < kept; i++) total -= weights[i];
        for (var i = 0; i < kept; i++)
        {
            sum -= weights[i];
            if (sum >= options.TopP * total) return i + 1;
        }
        return kept;
    }

    private int Draw(int kept)
    {
        double total = 0;
        for (var i = 0; i < kept; i++) total -= weights[i];
        var left = random.NextDouble() * total;
        for (var i = 0; i < kept; i++)
        {
            left += weights[i];
            if (left < 0) return i;
        }
        return kept - 1;
    }

    private static int FirstMaximum(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++) if (logits[i] > logits[best]) best = i;
        return best;
    }
}
