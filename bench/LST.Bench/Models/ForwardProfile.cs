using System.Diagnostics;
using LST.Core.Compression;
using LST.Core.Models;
using LST.Evaluation;
using LST.Evaluation.Perplexity;
using static TorchSharp.torch;

namespace LST.Bench.Models;

/// <summary>Where the time of a prefill goes: the whole, and each part of a layer alone on tensors of its shapes.</summary>
internal static class ForwardProfile
{
    public static int Run(string[] arguments)
    {
        var (name, dtype, tokens) = (arguments.ElementAtOrDefault(0) ?? "lst-ref", PerplexitySettings.ParseDtype(arguments.ElementAtOrDefault(1) ?? "float32"), int.Parse(arguments.ElementAtOrDefault(2) ?? "1024"));
        using var loaded = LoadedModel.Open(name, dtype);
        var model = loaded.Model;
        var config = model.Config;
        using var noGradients = no_grad();
        var ids = randint(0, config.VocabularySize, [1, tokens], int64);
        Report("prefill, no cache kept", () =>
        {
            using var cache = model.NewCache(1, tokens);
            model.Run(ids, cache, new LST.Core.Models.SegmentOptions { Append = false });
        }, 5);
        Report("prefill with cache", () =>
        {
            using var cache = model.NewCache(1, tokens);
            model.Run(ids, cache);
        }, 5);

        var x = randn([1, tokens, config.HiddenSize]).to(dtype);
        var layer = model.Layers[0];
        var qkv = MatrixProducts.Linear(x, layer.Qkv);
        Report($"{config.Layers} × qkv product", () => { MatrixProducts.Linear(x, layer.Qkv, layer.QkvBias); }, 7, config.Layers);
        Report($"{config.Layers} × gate-up product", () => { MatrixProducts.Linear(x, layer.GateUp, layer.GateUpBias); }, 7, config.Layers);
        var wide = MatrixProducts.Linear(x, layer.GateUp);
        var narrow = wide.narrow(-1, 0, config.IntermediateSize).contiguous();
        Report($"{config.Layers} × down product", () => { MatrixProducts.Linear(narrow, layer.Down, layer.DownBias); }, 7, config.Layers);
        var attended = randn([1, tokens, config.QueryHeads * config.HeadDim]).to(dtype);
        Report($"{config.Layers} × output product", () => { MatrixProducts.Linear(attended, layer.Output, layer.OutputBias); }, 7, config.Layers);
        var q = randn([1, config.QueryHeads, tokens, config.HeadDim]).to(dtype);
        Report($"{config.Layers} × causal attention", () => { nn.functional.scaled_dot_product_attention(q, q, q, null, 0, true); }, 7, config.Layers);
        var kernels = new LST.Core.Models.SegmentKernels(model.Pool, model.Native);
        Report($"{config.Layers} × norm", () => { kernels.Normalize(x, 0); }, 7, config.Layers);
        Report($"{config.Layers} × add-norm", () => { kernels.AddNormalize(x, x, 0); }, 7, config.Layers);
        Report($"{config.Layers} × activate", () => { kernels.Activate(wide); }, 7, config.Layers);
        var (cos, sin) = model.Rotary.Tables([.. Enumerable.Range(0, tokens).Select(t => (long)t)]);
        var (c, s) = (cos.view(1, 1, tokens, -1), sin.view(1, 1, tokens, -1));
        Report($"{config.Layers} × split-rotate", () => { kernels.SplitRotate(qkv, c, s); }, 7, config.Layers);
        Report($"{config.Layers} × residual add", () => { x.add_(x); }, 7, config.Layers);
        var chunked = new LST.Core.Attention.ChunkedAttention(() => model.Pool);
        using (var empty = model.NewCache(1))
        using (var segment = new LST.Core.Attention.SegmentMask(empty, tokens, null, CPU))
            Report($"{config.Layers} × chunked attention", () => { chunked.Attend(q, q, q, empty.Layers[0], segment); }, 7, config.Layers);
        Report($"{config.Layers} × column sums", () => { using var fresh = new AttentionStatistics(q[0], q[0]) { Pool = model.Pool }; _ = fresh.ColumnSums; }, 5, config.Layers);
        Report($"{config.Layers} × window of 32", () => { using var fresh = new AttentionStatistics(q[0], q[0]); _ = fresh.Window(32); }, 5, config.Layers);
        var mask = zeros(1, 1, Math.Min(512, tokens), tokens);
        var q2 = q.narrow(2, 0, Math.Min(512, tokens));
        Report($"{config.Layers} × masked attention, 512 rows", () => { nn.functional.scaled_dot_product_attention(q2, q, q, mask, 0, false); }, 7, config.Layers);
        var targets = new long[Math.Min(512, tokens)];
        Report("losses of 512 rows", () => { LST.Core.Models.TokenLosses.Of(model, x[0].narrow(0, 0, targets.Length), targets); }, 5);
        return 0;
    }

    private static void Report(string what, Action action, int repeats, int times = 1)
    {
        List<double> seconds = [];
        for (var i = -1; i < repeats; i++)
        {
            var clock = Stopwatch.StartNew();
            using (NewDisposeScope()) action();
            if (i >= 0) seconds.Add(clock.Elapsed.TotalSeconds);
        }
        seconds.Sort();
        Console.WriteLine($"{what,-40} {seconds[repeats / 2] * times * 1e3,9:0.0} ms (min {seconds[0] * times * 1e3:0.0})");
    }
}
