namespace LST.Core.Tests.Baselines;

/// <summary>Attention Matching of one head step by step, in double: loops, and least squares by Householder reflections.</summary>
internal sealed class NaiveMatching
{
    private readonly double[][] probes, keys, values;
    private readonly double[] largest;
    private readonly int[] all;

    public NaiveMatching(double[][] probes, double[][] keys, double[][] values)
    {
        (this.probes, this.keys, this.values) = (probes, keys, values);
        all = [.. Enumerable.Range(0, keys.Length)];
        largest = [.. probes.Select(probe => keys.Max(key => Logit(probe, key)))];
        Mass = [.. Exponentials(all).Select(row => row.Sum())];
        Outputs = Combine(Attention(all, new double[keys.Length]), values);
    }

    public double[] Mass { get; }

    public double[][] Outputs { get; }

    public double[] RootMeanSquares => [.. all.Select(j => Math.Sqrt(Attention(all, new double[keys.Length]).Average(row => row[j] * row[j])))];

    public double[][] Exponentials(int[] kept) => [.. probes.Select((probe, i) => (double[])[.. kept.Select(j => Math.Exp(Logit(probe, keys[j]) - largest[i]))])];

    public double[][] Attention(int[] kept, double[] bias) => [.. probes.Select(probe =>
    {
        var logits = kept.Select((j, slot) => Logit(probe, keys[j]) + bias[slot]).ToArray();
        var weights = logits.Select(logit => Math.Exp(logit - logits.Max())).ToArray();
        return (double[])[.. weights.Select(weight => weight / weights.Sum())];
    })];

    public double[] Weights(int[] kept, double least, double most, int gradientSteps)
    {
        var matrix = Exponentials(kept);
        var weights = LeastSquares(matrix, Mass).Select(weight => Math.Clamp(weight, least, most)).ToArray();
        var step = gradientSteps == 0 ? 0 : 1 / Sigma(matrix);
        for (var round = 0; round < gradientSteps; round++)
        {
            var residual = Residual(matrix, weights);
            weights = [.. weights.Select((weight, slot) => Math.Clamp(weight + (step * matrix.Select((row, i) => row[slot] * residual[i]).Sum()), least, most))];
        }
        return weights;
    }

    public double[][] Values(int[] kept, double[] bias)
    {
        var attention = Attention(kept, bias);
        var columns = Enumerable.Range(0, values[0].Length).Select(d => LeastSquares(attention, [.. Outputs.Select(row => row[d])])).ToArray();
        return [.. kept.Select((_, slot) => (double[])[.. columns.Select(column => column[slot])])];
    }

    /// <summary>Greedy choice, in the order of choosing, and the smallest gap between the best and the second best.</summary>
    public (int[] Chosen, double Gap) Pursue(int slots, double least, double most)
    {
        var (chosen, gap, residual, matrix) = (new List<int>(), double.PositiveInfinity, Mass, Exponentials(all));
        while (chosen.Count < slots)
        {
            var correlations = all.Except(chosen).ToDictionary(j => j, j => matrix.Select((row, i) => row[j] * residual[i]).Sum());
            var ranked = correlations.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).ToArray();
            if (ranked.Length > 1) gap = Math.Min(gap, (ranked[0].Value - ranked[1].Value) / Math.Abs(ranked[0].Value));
            chosen.Add(ranked[0].Key);
            residual = Residual(Exponentials([.. chosen]), Weights([.. chosen], least, most, 0));
        }
        return ([.. chosen], gap);
    }

    public double MassObjective(int[] kept, double[] bias) =>
        Square(Residual(Exponentials(kept), [.. bias.Select(Math.Exp)])) / Square(Mass);

    public double OutputObjective(int[] kept, double[] bias, double[][] slotValues) =>
        Combine(Attention(kept, bias), slotValues).Zip(Outputs, (found, wanted) => found.Zip(wanted, (a, b) => (a - b) * (a - b)).Sum()).Sum() / Outputs.Sum(Square);

    public double OwnOutputObjective(int[] kept, double[] bias) => OutputObjective(kept, bias, [.. kept.Select(j => values[j])]);

    /// <summary>min ‖A x − b‖ by Householder reflections; A has at least as many rows as columns.</summary>
    public static double[] LeastSquares(double[][] matrix, double[] right)
    {
        var (a, b, n) = (matrix.Select(row => row.ToArray()).ToArray(), right.ToArray(), matrix[0].Length);
        for (var k = 0; k < n; k++)
        {
            var length = Math.Sqrt(a[k..].Sum(row => row[k] * row[k]));
            if (length == 0) continue;
            var mirror = a.Select((row, i) => i < k ? 0 : row[k]).ToArray();
            mirror[k] += a[k][k] < 0 ? -length : length;
            var square = Square(mirror);
            for (var column = k; column < n; column++)
            {
                var along = 2 * a.Select((row, i) => row[column] * mirror[i]).Sum() / square;
                for (var i = k; i < a.Length; i++) a[i][column] -= along * mirror[i];
            }
            var share = 2 * PlainNumbers.Dot(b, mirror) / square;
            for (var i = k; i < a.Length; i++) b[i] -= share * mirror[i];
        }
        var x = new double[n];
        for (var k = n - 1; k >= 0; k--) x[k] = (b[k] - Enumerable.Range(k + 1, n - k - 1).Sum(i => a[k][i] * x[i])) / a[k][k];
        return x;
    }

    private static double Logit(double[] probe, double[] key) => PlainNumbers.Dot(probe, key) / Math.Sqrt(key.Length);

    private static double Square(double[] vector) => PlainNumbers.Dot(vector, vector);

    private static double[][] Combine(double[][] weights, double[][] rows) =>
        [.. weights.Select(row => (double[])[.. Enumerable.Range(0, rows[0].Length).Select(d => row.Select((weight, j) => weight * rows[j][d]).Sum())])];

    private double[] Residual(double[][] matrix, double[] weights) => [.. matrix.Select((row, i) => Mass[i] - PlainNumbers.Dot(row, weights))];

    // σ_max² of a matrix.
    private static double Sigma(double[][] matrix)
    {
        var vector = Enumerable.Repeat(1.0, matrix[0].Length).ToArray();
        var value = 0.0;
        for (var round = 0; round < 500; round++)
        {
            var image = matrix.Select(row => PlainNumbers.Dot(row, vector)).ToArray();
            var back = vector.Select((_, j) => matrix.Select((row, i) => row[j] * image[i]).Sum()).ToArray();
            value = Math.Sqrt(Square(back)) / Math.Sqrt(Square(vector));
            vector = [.. back.Select(number => number / Math.Sqrt(Square(back)))];
        }
        return value;
    }
}
