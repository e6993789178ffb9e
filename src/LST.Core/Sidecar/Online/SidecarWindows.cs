using LST.Core.Compression.Online;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Core.Sidecar.Online;

/// <summary>Super-tokens of windows while tokens arrive: what the network makes of the same windows in one shot, at their true positions.</summary>
/// <param name="sidecar">The network; the caller's.</param>
/// <param name="rotary">Frequencies of the model.</param>
internal sealed class SidecarWindows(SidecarModule sidecar, RotaryEmbedding rotary) : IWindowPooling
{
    private readonly Dictionary<(long First, string Sizes), Layout> layouts = [];

    /// <inheritdoc/>
    public PooledWindows Pool(WindowRows rows)
    {
        sidecar.To(rows.Keys.device);
        var sizes = string.Join(' ', rows.Sizes);
        // All layers ask for the same windows one after another; those of the step before are done.
        if (!layouts.ContainsKey((rows.FirstPositions[0], sizes))) Clear();
        List<Tensor> keys = [], values = [], biases = [];
        List<int[]> positions = [];
        var (slots, headDim) = (rows.Sizes.Length * sidecar.Config.SuperTokens, rows.Keys.shape[3]);
        float[] counts = [];
        for (var b = 0; b < rows.FirstPositions.Length; b++)
        {
            if (!layouts.TryGetValue((rows.FirstPositions[b], sizes), out var layout))
                layouts[(rows.FirstPositions[b], sizes)] = layout = new Layout(sidecar.Config, rows, b, rotary);
            var made = sidecar.Compress(rows.Layer, layout.Keys(rows.Keys[b], sidecar.Config.KeySpace), layout.Of(rows.Values[b]), layout.Windows);
            keys.Add(made.Keys.to(rows.Keys.dtype).view(-1, slots, headDim));
            values.Add(made.Values.to(rows.Values.dtype).view(-1, slots, headDim));
            if (made.Bias is not null) biases.Add(made.Bias.view(-1, slots));
            positions.Add(layout.Windows.SlotPositions.AsSpan(layout.Left, slots).ToArray());
            counts = layout.Windows.SlotCounts.AsSpan(layout.Left, slots).ToArray();
        }
        return new PooledWindows(cat(keys, 0), cat(values, 0), biases.Count == 0 ? null : cat(biases, 0), [.. positions], counts);
    }

    /// <inheritdoc/>
    public void Dispose() => Clear();

    private void Clear()
    {
        foreach (var layout in layouts.Values) layout.Dispose();
        layouts.Clear();
    }

    /// <summary>Windows of one sample at one place, for all layers.</summary>
    private sealed class Layout : IDisposable
    {
        private readonly int skipped, tokens;
        private readonly Tensor cos, back;

        public Layout(SidecarConfig config, WindowRows rows, int sample, RotaryEmbedding rotary)
        {
            using var scope = NewDisposeScope();
            var (first, c, device) = (rows.FirstPositions[sample], rows.Neighbours, rows.Keys.device);
            Left = (int)Math.Min(c, first);
            skipped = c - Left;
            tokens = (int)rows.Keys.shape[2] - skipped;
            var (windows, start) = (new (int, int)[rows.Sizes.Length], Left);
            for (var g = 0; g < windows.Length; start += rows.Sizes[g++]) windows[g] = (start, rows.Sizes[g]);
            var plan = new WindowPlan(tokens, Left, c, windows, config.SuperTokens);
            Windows = new WindowBatch(config, [.. Enumerable.Repeat(plan, config.Model.KeyValueHeads)], tokens, rotary, device, (int)first - Left);
            var (cosines, sines) = rotary.Tables([.. Enumerable.Range(0, tokens).Select(t => first - Left + t)]);
            (cos, back) = (cosines.to(device).DetachFromDisposeScope(), (-sines).to(device).DetachFromDisposeScope());
        }

        public int Left { get; }

        public WindowBatch Windows { get; }

        /// <summary>Rows of the sample that are real [H_kv, T, D].</summary>
        public Tensor Of(Tensor rows) => rows.narrow(1, skipped, tokens);

        /// <summary>Keys in the sidecar's key space.</summary>
        public Tensor Keys(Tensor rows, KeySpace space) => space == KeySpace.PostRope ? Of(rows) : RotaryEmbedding.Rotate(Of(rows).to(float32), cos, back);

        public void Dispose()
        {
            Windows.Dispose();
            cos.Dispose();
            back.Dispose();
        }
    }
}
