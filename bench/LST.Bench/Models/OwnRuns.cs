using System.Diagnostics;
using LST.Core.Caching;
using LST.Core.Models;
using LST.Core.Models.Generation;
using static TorchSharp.torch;

namespace LST.Bench.Models;

/// <summary>Our side of the comparison: the same ids, the same work, timed in the same way.</summary>
internal sealed class OwnRuns(LanguageModel model) : IDisposable
{
    private readonly Dictionary<int, KvCache> _caches = [];

    /// <summary>The peer's prompt: id 1, then 7919·i mod V.</summary>
    private long[] Prompt(int ids) => [1, .. Enumerable.Range(1, ids - 1).Select(i => 7919L * i % model.Config.VocabularySize)];

    /// <summary>Prefill into a cache whose memory is there from the run before, and the logits of the last position.</summary>
    public (double Seconds, long NextId) Prefill(int ids)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var prompt = tensor(Prompt(ids), 1, ids);
        if (!_caches.TryGetValue(ids, out var cache)) _caches[ids] = cache = model.NewCache(1, ids);
        foreach (var layer in cache.Layers) layer.Tail.Truncate(0);
        cache.NextPositions.Clear();
        var clock = Stopwatch.StartNew();
        var next = Last(prompt, cache);
        return (clock.Elapsed.TotalSeconds, next);
    }

    /// <summary>Greedy tokens behind a prefilled prompt; the prefill is not timed.</summary>
    public (double Seconds, long NextId) Decode(int ids, int tokens)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var cache = model.NewCache(1, ids + tokens);
        var next = Last(tensor(Prompt(ids), 1, ids), cache);
        using var loop = new DecodeLoop(model, cache);
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < tokens; i++) next = FirstMaximum(loop.Next([next]).Span);
        return (clock.Elapsed.TotalSeconds, next);
    }

    /// <summary>Rate of the library's matrix products on the model's own layer shapes, GFLOP/s: all of a layer's products, the fastest of the repeats.</summary>
    public double ProductRate(int rows, int repeats)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var layer = model.Layers[0];
        var (flops, seconds) = (0.0, 0.0);
        foreach (var weight in new[] { layer.Qkv, layer.Output, layer.GateUp, layer.Down })
        {
            var x = randn([rows, weight.shape[1]]).to(model.Dtype);
            var best = double.MaxValue;
            for (var i = 0; i <= repeats; i++)
            {
                using var inner = NewDisposeScope();
                var clock = Stopwatch.StartNew();
                nn.functional.linear(x, weight);
                best = Math.Min(best, clock.Elapsed.TotalSeconds);
            }
            flops += 2.0 * rows * weight.NumberOfElements;
            seconds += best;
        }
        return flops / seconds / 1e9;
    }

    /// <summary>Floating-point operations of the matrix products of a prefill's layers; attention's counted apart, causal half.</summary>
    public (double Products, double Attention) PrefillOperations(int ids)
    {
        var config = model.Config;
        var products = model.Layers.Sum(l => 2.0 * ids * (l.Qkv.NumberOfElements + l.Output.NumberOfElements + l.GateUp.NumberOfElements + l.Down.NumberOfElements));
        return (products, 2.0 * config.Layers * config.QueryHeads * config.HeadDim * (double)ids * ids);
    }

    private long Last(Tensor prompt, KvCache cache)
    {
        var hidden = model.Run(prompt, cache);
        return model.Logits(hidden.narrow(1, prompt.shape[1] - 1, 1)).argmax(-1).item<long>();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var cache in _caches.Values) cache.Dispose();
    }

    private static long FirstMaximum(ReadOnlySpan<float> logits) => Best(logits);

    private static int Best(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++) if (logits[i] > logits[best]) best = i;
        return best;
    }
}
