using static TorchSharp.torch;

namespace LST.Core.Models;

/// <summary>
/// Rotary position embedding (Su et al., arXiv 2104.09864) in the half-split pairing of Hugging Face: pair (i, i + D/2) turns by
/// angle = position · inv_freq[i]. Supports the default form and the <c>llama3</c> scaling.
/// </summary>
public sealed class RotaryEmbedding
{
    private readonly float[] inverseFrequencies;
    private Angles firstAngles = new([], []);
    private MeanAngles meanAngles = new(0, 0, [], []);

    /// <summary>Builds the frequencies of a model.</summary>
    public RotaryEmbedding(ModelConfig config)
    {
        HeadDim = config.HeadDim;
        inverseFrequencies = [.. Enumerable.Range(0, HeadDim / 2).Select(i => (float)Scaled(Math.Pow(config.RopeTheta, -2.0 * i / HeadDim), config.RopeScaling))];
    }

    /// <summary>Head dimension D.</summary>
    public int HeadDim { get; }

    /// <summary>Inverse frequencies [D/2], scaling applied, in radians per token.</summary>
    public ReadOnlySpan<float> InverseFrequencies => inverseFrequencies;

    /// <summary>Writes cos and sin of all D/2 angles of one position.</summary>
    /// <param name="position">True position, in tokens (may be negative: a turn backwards).</param>
    /// <param name="cos">[D/2].</param>
    /// <param name="sin">[D/2].</param>
    public void Fill(long position, Span<float> cos, Span<float> sin)
    {
        for (var i = 0; i < inverseFrequencies.Length; i++)
        {
            // The product is rounded to float first, as the reference programs do; cos and sin of that angle are then exact to float.
            var angle = (double)(position * inverseFrequencies[i]);
            cos[i] = (float)Math.Cos(angle);
            sin[i] = (float)Math.Sin(angle);
        }
    }

    /// <summary>Cos and sin tables, each [positions, D/2] float32 on the CPU.</summary>
    public (Tensor Cos, Tensor Sin) Tables(ReadOnlySpan<long> positions)
    {
        var half = inverseFrequencies.Length;
        var (cos, sin) = (empty(positions.Length, half, float32), empty(positions.Length, half, float32));
        var cosines = cos.Span<float>();
        var sines = sin.Span<float>();
        for (var t = 0; t < positions.Length; t++) Fill(positions[t], cosines.Slice(t * half, half), sines.Slice(t * half, half));
        return (cos, sin);
    }

    /// <summary>
    /// Mean cos and mean sin over consecutive positions, each [D/2] float32 on the CPU: the average rotation, which also shortens. The last ones are kept, since every layer
    /// of a prompt asks for the same.
    /// </summary>
    /// <param name="first">First position.</param>
    /// <param name="count">Positions, at least 1.</param>
    public (Tensor Cos, Tensor Sin) MeanTables(long first, int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var known = meanAngles;
        if ((known.First, known.Count) != (first, count)) meanAngles = known = Mean(first, count);
        return (tensor(known.Cos), tensor(known.Sin));
    }

    /// <summary>Tables of positions 0 … count − 1 on a device. The angles are kept, since every layer of a prompt asks for the same.</summary>
    internal (Tensor Cos, Tensor Sin) FirstTables(int count, Device device)
    {
        var half = inverseFrequencies.Length;
        var (cos, sin) = firstAngles;
        if (cos.Length < count * half)
        {
            (cos, sin) = (new float[count * half], new float[count * half]);
            for (var t = 0; t < count; t++) Fill(t, cos.AsSpan(t * half, half), sin.AsSpan(t * half, half));
            firstAngles = new Angles(cos, sin);
        }
        return (tensor(cos.AsSpan(0, count * half).ToArray(), count, half, device: device), tensor(sin.AsSpan(0, count * half).ToArray(), count, half, device: device));
    }

    /// <summary>Turns x by the angles of the tables.</summary>
    /// <param name="x">[…, T, D] of any dtype.</param>
    /// <param name="cos">Broadcastable to […, T, D/2]; cast to the dtype of x before use.</param>
    /// <param name="sin">As <paramref name="cos"/>; negate it to turn backwards.</param>
    /// <returns>New tensor shaped as <paramref name="x"/>.</returns>
    public static Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        var half = x.shape[^1] / 2;
        var first = x.narrow(-1, 0, half);
        var second = x.narrow(-1, half, half);
        var c = cos.to(x.dtype);
        var s = sin.to(x.dtype);
        return cat([first * c - second * s, second * c + first * s], -1);
    }

    private MeanAngles Mean(long first, int count)
    {
        var half = inverseFrequencies.Length;
        var (cos, sin) = (new float[half], new float[half]);
        var (cosines, sines) = (new double[half], new double[half]);
        for (var t = 0; t < count; t++)
        {
            Fill(first + t, cos, sin);
            for (var i = 0; i < half; i++) (cosines[i], sines[i]) = (cosines[i] + cos[i], sines[i] + sin[i]);
        }
        return new MeanAngles(first, count, [.. cosines.Select(sum => (float)(sum / count))], [.. sines.Select(sum => (float)(sum / count))]);
    }

    // llama3: long wavelengths are divided by the factor, short ones kept, a band between is blended.
    private static double Scaled(double frequency, Llama3RopeScaling? scaling)
    {
        if (scaling is null) return frequency;
        var wavelength = 2 * Math.PI / frequency;
        double original = scaling.OriginalMaxPositions;
        if (wavelength < original / scaling.HighFreqFactor) return frequency;
        if (wavelength > original / scaling.LowFreqFactor) return frequency / scaling.Factor;
        var smooth = (original / wavelength - scaling.LowFreqFactor) / (scaling.HighFreqFactor - scaling.LowFreqFactor);
        return (1 - smooth) * frequency / scaling.Factor + smooth * frequency;
    }

    // Swapped whole, so that threads cannot mix two.
    private sealed record Angles(float[] Cos, float[] Sin);

    private sealed record MeanAngles(long First, int Count, float[] Cos, float[] Sin);
}
