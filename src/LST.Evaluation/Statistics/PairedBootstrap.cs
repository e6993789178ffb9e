using System.Numerics;
using LST.Core;
using LST.Evaluation.Random;

namespace LST.Evaluation.Statistics;

/// <summary>
/// Percentile bootstrap over units (chunks, items), the same draws for every row of a table. Replicate by replicate and place by place,
/// a unit is drawn as <c>floor(random() · units)</c> with one <see cref="PyRandom"/>: what <c>rng.choices(range(units), k=units)</c>, called once a
/// replicate, gives in Python. The 95 % interval is the 2.5th and 97.5th percentile of the replicates. Make one instance a table:
/// the draws are kept.
/// </summary>
public sealed class PairedBootstrap
{
    /// <summary>Replicates where nothing else is said.</summary>
    public const int DefaultReplicates = 10_000;

    // 32 MiB of draws; more units than that are drawn again for every statistic.
    private const long MostKeptDraws = 16L << 20;

    private readonly ushort[]? _draws;

    /// <summary>Draws the replicates of <paramref name="units"/> units (at least 1).</summary>
    public PairedBootstrap(int units, long seed = 0, int replicates = DefaultReplicates)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(units, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(replicates, 1);
        (Units, Seed, Replicates) = (units, seed, replicates);
        if ((long)units * replicates > MostKeptDraws || units > ushort.MaxValue) return;
        var random = new PyRandom(seed);
        _draws = new ushort[units * replicates];
        for (var i = 0; i < _draws.Length; i++) _draws[i] = (ushort)(random.NextDouble() * units);
    }

    /// <summary>Number of units.</summary>
    public int Units { get; }

    /// <summary>Seed of the draws.</summary>
    public long Seed { get; }

    /// <summary>Number of replicates.</summary>
    public int Replicates { get; }

    /// <summary>Mean of one value a unit. For two methods on the same items give their differences.</summary>
    public Estimate Mean(IReadOnlyList<double> values)
    {
        var sums = ReplicateSums(Column(values, "value"))[0];
        for (var b = 0; b < sums.Length; b++) sums[b] /= Units;
        return Interval(values.Sum() / Units, sums, Units);
    }

    /// <summary>Sum of <paramref name="numerators"/> over sum of <paramref name="denominators"/>, both one a unit, denominators positive.</summary>
    public Estimate RatioOfSums(IReadOnlyList<double> numerators, IReadOnlyList<double> denominators)
    {
        var (above, below) = (Column(numerators, "numerator"), Column(denominators, "denominator"));
        var sums = ReplicateSums(above, below);
        for (var b = 0; b < sums[0].Length; b++) sums[0][b] /= sums[1][b];
        return Interval(above.Sum() / below.Sum(), sums[0], Units);
    }

    /// <summary>Token-weighted perplexity: exp of summed NLL (nats) over summed scored tokens.</summary>
    /// <param name="nllSums">Summed NLL of each unit's scored tokens, nats.</param>
    /// <param name="tokens">Scored tokens of each unit.</param>
    public Estimate Perplexity(IReadOnlyList<double> nllSums, IReadOnlyList<int> tokens) => Exponential(RatioOfSums(nllSums, Weights(tokens)));

    /// <summary>
    /// Paired, token-weighted perplexity ratio, compressed over dense: exp((ΣNLL_compressed − ΣNLL_dense) / Σtokens); the interval is exp of the
    /// log-ratio's. Any two methods on the same chunks can be compared so: the first beats the second when the interval lies below 1.
    /// </summary>
    /// <param name="compressedNllSums">Summed NLL of each chunk's scored tokens, nats.</param>
    /// <param name="denseNllSums">The same tokens under the other method.</param>
    /// <param name="tokens">Scored tokens of each chunk, the same for both.</param>
    public Estimate PerplexityRatio(IReadOnlyList<double> compressedNllSums, IReadOnlyList<double> denseNllSums, IReadOnlyList<int> tokens)
    {
        var (compressed, dense) = (Column(compressedNllSums, "NLL"), Column(denseNllSums, "dense NLL"));
        for (var i = 0; i < compressed.Length; i++) compressed[i] -= dense[i];
        return Exponential(RatioOfSums(compressed, Weights(tokens)));
    }

    /// <summary>Sums of each column over the drawn units, [columns][replicates].</summary>
    private double[][] ReplicateSums(params double[][] columns)
    {
        if (_draws is null) return DrawSums(new PyRandom(Seed), Replicates, columns);
        var sums = new double[columns.Length][];
        for (var c = 0; c < columns.Length; c++)
        {
            var (column, result) = (columns[c], new double[Replicates]);
            for (var b = 0; b < result.Length; b++)
            {
                var sum = 0.0;
                foreach (var unit in _draws.AsSpan(b * Units, Units)) sum += column[unit];
                result[b] = sum;
            }
            sums[c] = result;
        }
        return sums;
    }

    internal static double[][] DrawSums(PyRandom random, int replicates, double[][] columns)
    {
        var units = columns[0].Length;
        double[][] sums = [.. columns.Select(_ => new double[replicates])];
        // Unit by unit and padded to whole vectors: a draw adds the unit's values of all columns at once, each column in the order of the draws.
        var width = (columns.Length + Vector<double>.Count - 1) / Vector<double>.Count * Vector<double>.Count;
        var (byUnit, total) = (new double[units * width], new double[width]);
        for (var c = 0; c < columns.Length; c++)
            for (var i = 0; i < units; i++) byUnit[(i * width) + c] = columns[c][i];
        for (var b = 0; b < replicates; b++)
        {
            Array.Clear(total);
            for (var i = 0; i < units; i++)
            {
                var start = (int)(random.NextDouble() * units) * width;
                for (var c = 0; c < width; c += Vector<double>.Count) (new Vector<double>(total, c) + new Vector<double>(byUnit, start + c)).CopyTo(total, c);
            }
            for (var c = 0; c < columns.Length; c++) sums[c][b] = total[c];
        }
        return sums;
    }

    internal static Estimate Interval(double value, double[] replicates, int units)
    {
        Array.Sort(replicates);
        return new Estimate(value, Percentile.Of(replicates, 0.025), Percentile.Of(replicates, 0.975), units);
    }

    private static Estimate Exponential(Estimate log) => new(Math.Exp(log.Value), Math.Exp(log.Low), Math.Exp(log.High), log.Units);

    private static double[] Weights(IReadOnlyList<int> tokens)
    {
        for (var i = 0; i < tokens.Count; i++)
            if (tokens[i] < 1) throw new DataException($"Chunk {i} must have at least one scored token, but it has {tokens[i]}; score longer chunks.");
        return [.. tokens.Select(t => (double)t)];
    }

    private double[] Column(IReadOnlyList<double> values, string what)
    {
        if (values.Count != Units) throw new ArgumentException($"{what}: expected one for each of {Units} units, got {values.Count}", nameof(values));
        for (var i = 0; i < values.Count; i++)
            if (!double.IsFinite(values[i]))
                throw new DataException($"The {what} of chunk or item {i} must be a finite number, but it is {values[i]}; run that row in float32 and look at the method's output.");
        return [.. values];
    }
}
