using System.Text.Json;
using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Compression.Online;
using static TorchSharp.torch;

namespace LST.Evaluation.Verification;

/// <summary>
/// One case of a cache that is compressed while tokens arrive, behind the compressed prompt or from an empty cache: what is kept after every step, the
/// logits of the steps, and values and sums at the end.
/// </summary>
internal sealed class PressOnlineCheck(PressPrompt prompt, string folder, JsonElement line, MethodSpec spec, Differences differences)
{
    private const double LogitTolerance = 5e-4, StateTolerance = 2e-4;

    private readonly JsonElement options = line.GetProperty("options");

    public void Run()
    {
        using var expected = new GoldenTensors(Path.Combine(folder, line.GetProperty("file").GetString()!), line.GetProperty("id").GetString() + "/");
        using var compressor = OnlineCompression.Require(spec.Create(), spec.Name);
        var budget = OnlineBudget.Fixed(line.GetProperty("n").GetInt32());
        var isStream = options.GetProperty("start").GetString()!.StartsWith("empty", StringComparison.Ordinal);
        using var online = isStream
            ? OnlineCompression.Empty(prompt.Model, compressor, budget, prompt.Batch)
            : OnlineCompression.Continue(prompt.Model, compressor, budget, Prompts(compressor), Ends());
        var ids = prompt[isStream ? "prompt_ids" : "decode_ids"];
        var steps = options.GetProperty("steps").GetInt32();
        // Where keys are turned to slot numbers the sinks do not stand where they stood in the text.
        var (behind, sinks) = (line.GetProperty("first_position").GetInt64() - online.NextPosition(), spec.Options.Values.ContainsKey("positions") ? spec.Options.Slots("sinks", budget.Least, Ratio.One) : 0);
        List<Tensor> logits = [];
        for (var step = 0; step < steps; step++)
        {
            logits.Add(prompt.Model.Logits(online.Step(ids.narrow(1, step, 1))));
            CheckKept(expected.Long("kept")[step], online, behind, sinks, step);
        }
        var all = cat([.. logits], 1);
        var compared = expected.Float("logits");
        differences.Absolute("logits", compared, all.narrow(1, steps - compared.shape[1], compared.shape[1]), LogitTolerance);
        CheckEnd(expected, online);
    }

    // The prompts, compressed from the stored inputs.
    private List<KvCache> Prompts(IOnlineCompressor compressor)
    {
        var config = prompt.Model.Config;
        var context = new PlanContext(prompt.Tokens, config.Layers, config.KeyValueHeads, Ratio.Parse(options.GetProperty("ratio").GetString()!));
        List<KvCache> caches = [];
        for (var b = 0; b < prompt.Batch; b++)
        {
            var cache = prompt.Model.NewCache(1);
            caches.Add(cache);
            var plan = compressor.Plan(context);
            cache.NextPositions[0] = compressor.NextPosition(context, plan);
            for (var l = 0; l < config.Layers; l++)
            {
                using var scope = NewDisposeScope();
                var layer = prompt.Layer(l, b);
                using var statistics = layer.Statistics;
                cache.Layers[l].Replace(compressor.Compress(layer, plan.Layers[l] with { GoesOn = true }));
            }
        }
        return caches;
    }

    // No raw rows are wanted; they say how many tokens the prompts have.
    private List<PromptEnd> Ends()
    {
        List<PromptEnd> ends = [];
        for (var b = 0; b < prompt.Batch; b++)
        {
            using var scope = NewDisposeScope();
            using var dense = prompt.Model.NewCache(1, prompt.Tokens);
            prompt.Model.Run(prompt["prompt_ids"].narrow(0, b, 1), dense);
            ends.Add(PromptEnd.Of(dense, 0));
        }
        return ends;
    }

    private void CheckKept(Tensor expected, OnlineCompression online, long behind, int sinks, int step)
    {
        for (var l = 0; l < online.Cache.Layers.Count; l++)
            for (var b = 0; b < prompt.Batch; b++)
                for (var h = 0; h < prompt.Model.Config.KeyValueHeads; h++)
                {
                    var slots = online.Cache.Layers[l].Prefix!;
                    long[] actual = [.. slots.Positions.Slice(slots.Offsets[(b * slots.KeyValueHeads) + h], slots.Length(b, h)).ToArray().Select((position, slot) => slot < sinks ? slot : position + behind)];
                    // One list for all heads where the method chooses one.
                    var row = expected[l, b, Math.Min(h, (int)expected.shape[2] - 1)].contiguous();
                    differences.Exact($"kept after step {step}", [.. row.data<long>().ToArray().Where(j => j >= 0)], actual);
                }
    }

    private void CheckEnd(GoldenTensors expected, OnlineCompression online)
    {
        for (var l = 0; l < online.Cache.Layers.Count; l++)
            for (var b = 0; b < prompt.Batch; b++)
                for (var h = 0; h < prompt.Model.Config.KeyValueHeads; h++)
                {
                    var slots = online.Cache.Layers[l].Prefix!;
                    var (first, length) = (slots.Offsets[(b * slots.KeyValueHeads) + h], slots.Length(b, h));
                    if (expected.Has("values"))
                        differences.Absolute("values", expected.Float("values")[l, b, h].narrow(0, 0, length), slots.Values.narrow(0, first, length), StateTolerance);
                    var sums = online.Layers[l].Sums(b, h);
                    if (expected.Has("state_sum")) differences.Absolute("sums", expected.Float("state_sum")[l, b, h].narrow(0, 0, length), tensor(sums!.Sums.ToArray()), StateTolerance);
                    if (expected.Has("state_count")) differences.Absolute("counts", expected.Float("state_count")[l, b, h].narrow(0, 0, length), tensor(sums!.Counts.ToArray()), StateTolerance);
                }
    }
}
