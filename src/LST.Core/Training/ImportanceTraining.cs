using LST.Core.Models;
using LST.Core.Sidecar;
using LST.Core.Training.Data;
using static TorchSharp.torch;

namespace LST.Core.Training;

/// <summary>
/// Trains the importance of tokens: a Poisson regression (exp(s) − c·s) on what the removal of each token costs, to second order, for the queries of the continuation: removing token j from a
/// softmax moves its output by p_j (o − v_j), and the divergence by ½ (g · p_j (o − v_j))². So s is the logarithm of the expected cost.
/// </summary>
internal sealed class ImportanceTraining(LanguageModel model, SidecarModule sidecar)
{
    /// <summary>One pass over sequences; the learning rate falls linearly.</summary>
    public void Run(int count, Func<int, TrainingSequence> sequences, double rate, Action<int, double>? done = null, CancellationToken cancel = default)
    {
        var own = sidecar.Parameters.Where(p => p.Key.StartsWith("choice.", StringComparison.Ordinal)).ToDictionary(p => p.Key, p => p.Value);
        foreach (var parameter in own.Values) parameter.requires_grad_(true);
        using var optimizer = new AdamW(own);
        // Costs of a head vary over orders of magnitude between heads: each is measured in its own running mean.
        var levels = new double[model.Config.Layers, model.Config.KeyValueHeads];
        for (var i = 0; i < count; i++)
        {
            cancel.ThrowIfCancellationRequested();
            using var pause = CollectionPause.Begin();
            using var scope = NewDisposeScope();
            optimizer.ZeroGradients();
            var loss = Accumulate(sequences(i), levels, i, cancel);
            var norm = optimizer.GradientNorm();
            optimizer.Step(i + 1, rate * Math.Min(1, (i + 1) / 10.0) * (1 - (double)i / count), Math.Min(1, 1 / (norm + 1e-12)));
            done?.Invoke(i + 1, loss);
        }
        foreach (var parameter in own.Values) parameter.requires_grad_(false);
    }

    private double Accumulate(TrainingSequence sequence, double[,] levels, int number, CancellationToken cancel)
    {
        using var cache = model.NewCache(1, sequence.Prefix);
        Tensor Ids(ReadOnlySpan<long> ids) => tensor(ids.ToArray(), 1, ids.Length).to(model.Device);
        using var generator = new Generator((ulong)number + 1, CPU);
        using (no_grad()) model.Run(Ids(sequence.PrefixIds), cache, new SegmentOptions { Cancel = cancel });
        var gradients = ContributionGradients.Of(model, cache, sequence.Inputs, generator);
        var total = 0.0;
        using var noGradients = no_grad();
        model.Run(Ids(sequence.Inputs), cache, new SegmentOptions
        {
            Append = false,
            Cancel = cancel,
            Capture = CaptureNeeds.Queries,
            OnLayer = capture =>
            {
                using var layerScope = NewDisposeScope();
                var (keys, values) = cache.Layers[capture.Layer].Tail.Joined();
                var costs = Costs(capture, keys[0].to(float32), values[0].to(float32), gradients[capture.Layer]);           // [H, T]
                total += Fit(capture.Layer, keys[0], values[0], costs, levels, number);
            },
        });
        return total / model.Config.Layers;
    }

    private double Fit(int layer, Tensor keys, Tensor values, Tensor costs, double[,] levels, int number)
    {
        var means = costs.mean([1]).cpu().data<float>().ToArray();
        for (var h = 0; h < means.Length; h++) levels[layer, h] = number == 0 ? means[h] : levels[layer, h] + (means[h] - levels[layer, h]) / Math.Min(number + 1, 20);
        var level = tensor(Enumerable.Range(0, means.Length).Select(h => (float)Math.Max(levels[layer, h], 1e-20)).ToArray(), means.Length, 1, device: costs.device);
        var wanted = (costs / level).clamp_max(200);
        var context = new Compression.LayerContext { Layer = layer, Config = model.Config, Rotary = model.Rotary, Keys = keys, Values = values };
        var inputKeys = sidecar.Config.KeySpace == KeySpace.PreRope ? context.PreRopeKeys() : keys;
        using var gradients = enable_grad();
        var s = sidecar.Importance(layer, inputKeys, values);
        var loss = (s.clamp_max(12).exp() - wanted * s).mean();
        autograd.backward([loss], [full_like(loss, 1.0 / model.Config.Layers)]);
        return loss.item<float>();
    }

    // ½ mean over queries of (Σ over the group of p_j g·(o − v_j))² [H_kv, T].
    private Tensor Costs(LayerCapture capture, Tensor keys, Tensor values, Tensor gradients)
    {
        var (heads, headDim, group) = (keys.shape[0], keys.shape[2], model.Config.GroupSize);
        var queries = capture.Queries![0].to(float32);
        var count = queries.shape[1];
        var rows = queries.view(heads, group * count, headDim);
        var g = gradients.view(heads, group * count, headDim);
        var scale = 1 / Math.Sqrt(headDim);
        var mask = full(count, count, float.NegativeInfinity, float32, queries.device).triu(1).repeat(group, 1);
        var own = matmul(rows, capture.Keys[0].to(float32).transpose(1, 2)) * scale + mask;
        var p = cat([matmul(rows, keys.transpose(1, 2)) * scale, own], 2).softmax(-1);                                      // [H, G·S, T + S]
        var tokens = keys.shape[1];
        var output = matmul(p, cat([values, capture.Values[0].to(float32)], 1));
        var along = (g * output).sum(2, keepdim: true) - matmul(g, values.transpose(1, 2));                                 // g·(o − v_j)
        var moved = (p.narrow(2, 0, tokens) * along).view(heads, group, count, tokens).sum(1);
        return moved.square().mean([1]) / 2;
    }
}
