using LST.Core.Compression;
using LST.Core.Compression.Online;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>Means of windows while tokens arrive: what <see cref="MeanPooling"/> makes of the same runs.</summary>
/// <param name="options">Options of the method.</param>
/// <param name="rotary">Frequencies of the model.</param>
internal sealed class MeanWindows(MethodOptions options, RotaryEmbedding rotary) : IWindowPooling
{
    /// <inheritdoc/>
    public PooledWindows Pool(WindowRows rows)
    {
        var (batch, heads, tokens, headDim) = (rows.Keys.shape[0], rows.Keys.shape[1], rows.Keys.shape[2], rows.Keys.shape[3]);
        var device = rows.Keys.device;
        var ends = new long[rows.Sizes.Length];
        for (var g = 0; g < ends.Length; g++) ends[g] = rows.Sizes[g] + (g == 0 ? 0 : ends[g - 1]);
        var starts = ends.Zip(rows.Sizes, (end, size) => end - size).ToArray();
        var counts = rows.Sizes.Select(size => (float)size).ToArray();
        var lengths = tensor(counts, counts.Length, 1).to(device);
        int[][] positions = [.. rows.FirstPositions.Select(first => starts.Zip(rows.Sizes, (start, size) => (int)(first + start) + (size - 1) / 2).ToArray())];

        var flatKeys = rows.Keys.reshape(-1, tokens, headDim);
        var values = MeanPooling.RunMeans(rows.Values.reshape(-1, tokens, headDim), starts, ends, lengths);
        var keys = options["key-space"] != "pre-rope" ? MeanPooling.RunMeans(flatKeys, starts, ends, lengths) : PreRopeMeans();
        var bias = options.Flag("log-mass") ? lengths.log().view(1, -1).expand(batch * heads, -1) : null;
        return new PooledWindows(keys, values, bias, positions, counts);

        Tensor PreRopeMeans()
        {
            var raw = Turned(rows.Keys.to(float32), [.. rows.FirstPositions.SelectMany(first => Enumerable.Range(0, (int)tokens).Select(t => -(first + t)))]);
            var means = MeanPooling.RunMeans(raw.reshape(-1, tokens, headDim), starts, ends, lengths).view(batch, heads, -1, headDim);
            var turned = Turned(means, [.. positions.SelectMany(list => list.Select(position => (long)position))]).to(rows.Keys.dtype).view(batch * heads, -1, headDim);
            // Windows of one token keep the cached key itself.
            var single = tensor(rows.Sizes.Select(size => size == 1).ToArray(), rows.Sizes.Length, 1).to(device);
            return where(single, flatKeys.index_select(1, tensor(starts, device: device)), turned);
        }
    }

    /// <inheritdoc/>
    public void Dispose() { }

    // x [B, H, T, D] by B·T positions; negative ones turn back.
    private Tensor Turned(Tensor x, long[] by)
    {
        var (cos, sin) = rotary.Tables(by);
        long[] shape = [x.shape[0], 1, x.shape[2], x.shape[3] / 2];
        return RotaryEmbedding.Rotate(x, cos.view(shape).to(x.device), sin.view(shape).to(x.device));
    }
}
