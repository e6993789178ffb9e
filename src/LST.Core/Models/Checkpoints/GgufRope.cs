using System.Buffers.Binary;

namespace LST.Core.Models.Checkpoints;

/// <summary>
/// Llama-3 GGUF files do not name their RoPE scaling: they hold the divisor of each inverse frequency, <c>rope_freqs.weight</c> [D/2].
/// From these the four numbers of the <c>llama3</c> form are found again and proven: they must give every divisor back.
/// </summary>
internal static class GgufRope
{
    private const double Tolerance = 1e-4;

    /// <exception cref="ModelFileException">The divisors are not of the <c>llama3</c> form.</exception>
    public static Llama3RopeScaling? Scaling(MappedFile file, GgufHeader header, ModelConfig config)
    {
        if (!header.Tensors.TryGetValue(GgufNames.RopeFactors, out var tensor)) return null;
        if (tensor.Format.Name != "F32" || tensor.Shape is not [var count] || count != config.HeadDim / 2)
            throw new ModelFileException($"{file.Path}: {GgufNames.RopeFactors} must be F32 [{config.HeadDim / 2}];"
                + $" found {tensor.Format.Name} {Shown.Shape(tensor.Shape)}; take another conversion of the model.");
        var divisors = new double[(int)count];
        for (var i = 0; i < divisors.Length; i++) divisors[i] = BinaryPrimitives.ReadSingleLittleEndian(file.Span(tensor.Offset + 4 * i, 4));
        if (divisors.All(divisor => divisor == 1)) return null;
        var turns = Enumerable.Range(0, divisors.Length).Select(i => Math.Pow(config.RopeTheta, -2.0 * i / config.HeadDim) / (2 * Math.PI)).ToArray();
        return Candidates(turns, divisors).FirstOrDefault(candidate => Explains(candidate, turns, divisors))
            ?? throw new ModelFileException($"{file.Path}: {GgufNames.RopeFactors} must be divisors of the llama3 form (1 for high frequencies, one factor"
                + " for low ones, a blend between); these are not; such a model cannot be run here.");
    }

    /// <summary>The divisor of a frequency that makes <paramref name="turns"/> turns per token (1 / wavelength).</summary>
    private static double Divisor(Llama3RopeScaling scaling, double turns)
    {
        var cycles = scaling.OriginalMaxPositions * turns;
        if (cycles > scaling.HighFreqFactor) return 1;
        if (cycles < scaling.LowFreqFactor) return scaling.Factor;
        var blend = (cycles - scaling.LowFreqFactor) / (scaling.HighFreqFactor - scaling.LowFreqFactor);
        return 1 / ((1 - blend) / scaling.Factor + blend);
    }

    private static bool Explains(Llama3RopeScaling candidate, double[] turns, double[] divisors) =>
        turns.Zip(divisors).All(pair => Math.Abs(Divisor(candidate, pair.First) - pair.Second) <= Tolerance * pair.Second);

    // The factor is the largest divisor. A blended divisor gives its blend s, and s·(high − low) + low = length · turns; the three unknowns
    // are fixed up to a common scale, so low is set to 1, as in every published config. One blended frequency needs high = 4 as well.
    private static IEnumerable<Llama3RopeScaling> Candidates(double[] turns, double[] divisors)
    {
        var factor = divisors.Max();
        if (!(factor > 1) || !double.IsFinite(factor)) yield break;
        var blended = Enumerable.Range(0, divisors.Length).Where(i => divisors[i] > 1 + Tolerance && divisors[i] < factor * (1 - Tolerance))
            .Select(i => (Turns: turns[i], Blend: (1 / divisors[i] - 1 / factor) / (1 - 1 / factor))).ToArray();
        if (blended.Length == 0)
        {
            // Nothing between: every length works that separates kept from divided frequencies.
            var kept = turns.Where((_, i) => divisors[i] <= 1 + Tolerance).DefaultIfEmpty(double.NaN).Min();
            var divided = turns.Where((_, i) => divisors[i] > 1 + Tolerance).Max();
            var length = double.IsNaN(kept) ? 1 / divided / 2 : Math.Sqrt(4 / kept * (1 / divided));
            if (length is >= 1 and <= 1 << 30) yield return new Llama3RopeScaling(factor, 1, 4, (int)Math.Round(length));
            yield break;
        }
        var usual = blended.Average(point => (3 * point.Blend + 1) / point.Turns);
        if (usual is >= 1 and <= 1 << 30) yield return new Llama3RopeScaling(factor, 1, 4, (int)Math.Round(usual));
        if (blended.Length < 2) yield break;
        var (first, last) = (blended[0], blended[^1]);
        var slope = (first.Blend - last.Blend) / (first.Turns - last.Turns);
        var high = 1 - 1 / (first.Blend - slope * first.Turns);
        var original = slope * (high - 1);
        if (high > 1 && original is >= 1 and <= 1 << 30) yield return new Llama3RopeScaling(factor, 1, high, (int)Math.Round(original));
    }
}
