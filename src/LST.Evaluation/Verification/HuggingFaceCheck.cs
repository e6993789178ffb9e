using System.Text.Json;
using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Evaluation.Verification;

/// <summary>The checks of one checkpoint in float32.</summary>
internal sealed class HuggingFaceCheck(LanguageModel model, JsonElement description, GoldenTensors expected, Differences differences)
{
    private readonly JsonElement tolerance = description.GetProperty("tolerance").GetProperty("fp32");
    private readonly Tensor ids = expected.Long("input_ids");

    private double Allowed(string kind) => tolerance.GetProperty(kind).GetDouble();

    public void Run()
    {
        CheckForward();
        CheckChunksAndSteps();
        CheckGreedy();
        if (description.TryGetProperty("compressed", out var compressed)) CheckCompressed(compressed);
    }

    private void CheckForward()
    {
        using var scope = NewDisposeScope();
        using var cache = model.NewCache((int)ids.shape[0]);
        var probe = description.TryGetProperty("probe_layer", out var layer) ? layer.GetInt32() : -1;
        var hidden = model.Run(ids, cache, new SegmentOptions
        {
            Capture = CaptureNeeds.Queries | CaptureNeeds.PreRopeKeys | CaptureNeeds.Output,
            OnLayer = capture => CheckLayer(capture, probe),
        });
        var logits = model.Logits(hidden);
        differences.Absolute("logits", expected.Float("logits"), logits, Allowed("logits"));
        var last = $"hidden.{model.Config.Layers}";
        if (expected.Has(last)) differences.Absolute("hidden", expected.Float(last), hidden, Allowed("hidden"));
        if (expected.Has("hidden.0")) differences.Absolute("embeddings", expected.Float("hidden.0"), model.Embedding.index_select(0, ids.reshape(-1)).view(hidden.shape), 0);
        if (expected.Has("inv_freq"))
        {
            var frequencies = expected.Floats("inv_freq");
            var actual = model.Rotary.InverseFrequencies;
            for (var i = 0; i < frequencies.Length; i++) differences.Number("inv_freq", Math.Abs(actual[i] / frequencies[i] - 1), Allowed("inv_freq_relative"));
        }
        CheckLosses(logits);
    }

    private void CheckLosses(Tensor logits)
    {
        var tokens = ids.shape[1];
        var logProbabilities = logits.narrow(1, 0, tokens - 1).to(float64).log_softmax(-1);
        var losses = -logProbabilities.gather(-1, ids.narrow(1, 1, tokens - 1).unsqueeze(-1)).squeeze(-1);
        differences.Absolute("token nll", expected.Float("token_nll"), losses, Allowed("token_nll"));
        differences.Absolute("nll", expected.Double("nll"), losses.sum(1), Allowed("nll_total"));
    }

    private void CheckLayer(LayerCapture capture, int probe)
    {
        using var scope = NewDisposeScope();
        var l = capture.Layer;
        if (expected.Has($"keys.{l}"))
        {
            differences.Absolute("keys", expected.Float($"keys.{l}"), capture.Keys, Allowed("keys_values"));
            differences.Absolute("values", expected.Float($"values.{l}"), capture.Values, Allowed("keys_values"));
        }
        var output = l == model.Config.Layers - 1 ? "last_layer_output" : $"hidden.{l + 1}";
        if (expected.Has(output)) differences.Absolute("hidden", expected.Float(output), capture.Output!, Allowed("hidden"));
        if (l != probe || !expected.Has($"queries.{l}")) return;
        differences.Absolute("queries", expected.Float($"queries.{l}"), capture.Queries!, Allowed("keys_values"));
        differences.Absolute("pre-RoPE keys", expected.Float($"keys_prerope.{l}"), capture.PreRopeKeys!, Allowed("keys_values"));
        for (var b = 0; b < ids.shape[0]; b++)
        {
            using var statistics = new AttentionStatistics(capture.Queries![b], capture.Keys[b], model.Config.SlidingWindow, 16);
            differences.Absolute("attention", expected.Float($"attention.{l}")[b], statistics.Window((int)ids.shape[1]), Allowed("attention"));
        }
    }

    // The same logits by chunks of 7 and token by token as in one pass.
    private void CheckChunksAndSteps()
    {
        foreach (var chunk in new[] { 7, 1 })
        {
            using var scope = NewDisposeScope();
            using var cache = model.NewCache((int)ids.shape[0], blockTokens: 16);
            List<Tensor> parts = [];
            for (var start = 0L; start < ids.shape[1]; start += chunk)
                parts.Add(model.Logits(model.Run(ids.narrow(1, start, Math.Min(chunk, ids.shape[1] - start)), cache)));
            differences.Absolute(chunk == 1 ? "logits by steps" : "logits by chunks", expected.Float("logits"), cat(parts, 1), Allowed("logits"));
        }
    }

    private void CheckGreedy()
    {
        using var scope = NewDisposeScope();
        using var cache = model.NewCache((int)ids.shape[0]);
        var first = model.Logits(model.Run(ids, cache)).select(1, ids.shape[1] - 1);
        var steps = (int)expected.Long("greedy_ids").shape[1];
        var (chosen, logits) = Greedy(cache, first, steps);
        differences.Exact("greedy ids", expected.Longs("greedy_ids"), chosen);
        if (!expected.Has("greedy_logits")) return;
        var reference = expected.Float("greedy_logits");
        differences.Absolute("greedy logits", reference, logits.narrow(1, 0, reference.shape[1]), Allowed("logits"));
    }

    // Argmax continuation: ids [B·steps] row by row, and the logits [B, steps, V] from which they were taken.
    private (long[] Ids, Tensor Logits) Greedy(KvCache cache, Tensor logits, int steps)
    {
        List<Tensor> chosen = [], seen = [];
        for (var step = 0; step < steps; step++)
        {
            seen.Add(logits);
            var next = logits.argmax(-1, true);
            chosen.Add(next);
            if (step + 1 < steps) logits = model.Logits(model.Run(next, cache)).select(1, 0);
        }
        return (cat(chosen, 1).contiguous().data<long>().ToArray(), stack(seen, 1));
    }

    private void CheckCompressed(JsonElement compressed)
    {
        var prefix = compressed.GetProperty("prefix").GetInt32();
        foreach (var run in compressed.GetProperty("runs").EnumerateArray().Select(r => r.GetString()!))
        {
            using var scope = NewDisposeScope();
            using var dense = model.NewCache((int)ids.shape[0]);
            model.Run(ids.narrow(1, 0, prefix), dense);
            using var cache = model.NewCache((int)ids.shape[0]);
            for (var l = 0; l < model.Config.Layers; l++)
            {
                var (keys, values) = dense.Layers[l].Tail.Joined();
                cache.Layers[l].Replace(run == "merged" ? Merged(keys, values, compressed.GetProperty("merged")) : Chosen(run, l, keys, values, prefix));
            }
            cache.Advance(prefix);
            var logits = model.Logits(model.Run(ids.narrow(1, prefix, ids.shape[1] - prefix), cache));
            differences.Absolute($"{run} logits", expected.Float($"{run}.logits"), logits, Allowed("logits"));
            var steps = (int)expected.Long($"{run}.greedy_ids").shape[1];
            differences.Exact($"{run} greedy ids", expected.Longs($"{run}.greedy_ids"), Greedy(cache, logits.select(1, logits.shape[1] - 1), steps).Ids);
        }
    }

    // Kept tokens of one layer: indices [n] for all, or [L, B, H_kv, n] with lengths; bias [L, B, H_kv, n] where the run has one.
    private CompressedLayer Chosen(string run, int layer, Tensor keys, Tensor values, int prefix)
    {
        var (batch, heads) = ((int)keys.shape[0], (int)keys.shape[1]);
        var indices = expected.Has($"{run}.indices") ? expected.Longs($"{run}.indices") : [.. Enumerable.Range(0, prefix).Select(i => (long)i)];
        var lengths = expected.Has($"{run}.lengths") ? expected.Longs($"{run}.lengths") : null;
        var biases = expected.Has($"{run}.bias") ? expected.Floats($"{run}.bias") : null;
        var slots = lengths is null ? indices.Length : indices.Length / lengths.Length;
        List<long> rows = [];
        List<int> offsets = [0], positions = [];
        List<float> bias = [];
        for (var i = 0; i < batch * heads; i++)
        {
            var row = layer * batch * heads + i;
            var length = lengths is null ? slots : (int)lengths[row];
            for (var slot = 0; slot < length; slot++)
            {
                var token = lengths is null ? indices[slot] : indices[row * slots + slot];
                rows.Add(i * (long)prefix + token);
                positions.Add((int)token);
                if (biases is not null) bias.Add(biases[row * slots + slot]);
            }
            offsets.Add(rows.Count);
        }
        using var scope = NewDisposeScope();
        var index = tensor(rows.ToArray());
        Tensor Pick(Tensor from) => from.reshape(batch * heads * prefix, -1).index_select(0, index);
        return new CompressedLayer(batch, heads, Pick(keys), Pick(values), [.. offsets], [.. positions], biases is null ? null : tensor(bias.ToArray())).Detached();
    }

    private static CompressedLayer Merged(Tensor keys, Tensor values, JsonElement rule)
    {
        using var scope = NewDisposeScope();
        var (sinks, recent, window) = (rule.GetProperty("sinks").GetInt64(), rule.GetProperty("recent").GetInt64(), rule.GetProperty("window").GetInt64());
        var (batch, heads, tokens, width) = (keys.shape[0], keys.shape[1], keys.shape[2], keys.shape[3]);
        var groups = (tokens - sinks - recent) / window;
        Tensor Merge(Tensor rows) => cat([rows.narrow(2, 0, sinks), rows.narrow(2, sinks, groups * window).reshape(batch, heads, groups, window, width).mean([3]),
            rows.narrow(2, sinks + groups * window, tokens - sinks - groups * window)], 2);
        var merged = Merge(keys);
        var slots = (int)merged.shape[2];
        var positions = Enumerable.Range(0, slots).Select(i => i < sinks ? i : i < sinks + groups ? (int)(sinks + (i - sinks) * window + (window - 1) / 2) : (int)(tokens - slots + i));
        var bias = Enumerable.Range(0, slots).Select(i => i >= sinks && i < sinks + groups ? MathF.Log(window) : 0f);
        var all = (int)(batch * heads);
        return new CompressedLayer((int)batch, (int)heads, merged.reshape(all * slots, width), Merge(values).reshape(all * slots, width),
            [.. Enumerable.Range(0, all + 1).Select(i => i * slots)], [.. Enumerable.Repeat(positions, all).SelectMany(p => p)],
            tensor(Enumerable.Repeat(bias, all).SelectMany(b => b).ToArray())).Detached();
    }
}
