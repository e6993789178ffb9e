using System.Text.Json;
using LST.Core.Baselines;
using LST.Core.Caching;
using LST.Core.Compression;
using static TorchSharp.torch;

namespace LST.Evaluation.Verification;

/// <summary>One one-shot case: compressed from the stored inputs, compared slot by slot, then the suffix is run over it.</summary>
internal sealed class PressCheck(PressPrompt prompt, string folder, JsonElement line, MethodSpec spec, Differences differences)
{
    private const double MergedTolerance = 2e-5, SuffixTolerance = 2e-4, ScoreTolerance = 1e-4, FittedSuffixTolerance = 5e-2, ObjectiveTolerance = 0.01;

    public void Run()
    {
        var id = line.GetProperty("id").GetString()!;
        var file = Path.Combine(folder, line.GetProperty("file").GetString()!);
        using var expected = new GoldenTensors(file, id + "/");
        using var shared = line.TryGetProperty("keys_values_of", out var other) ? new GoldenTensors(file, other.GetString() + "/") : null;
        var config = prompt.Model.Config;
        var ratio = Ratio.Parse(line.GetProperty("options").GetProperty("ratio").GetString()!);
        var plan = new PlanContext(prompt.Tokens, config.Layers, config.KeyValueHeads, ratio);
        using var compressor = spec.Create();
        using var cache = prompt.Model.NewCache(prompt.Batch);
        var parts = new CompressedLayer[config.Layers][];
        for (var l = 0; l < config.Layers; l++) parts[l] = new CompressedLayer[prompt.Batch];

        for (var b = 0; b < prompt.Batch; b++)
        {
            Prepare(compressor, b);
            var budget = compressor.Plan(plan);
            cache.NextPositions[b] = compressor.NextPosition(plan, budget);
            for (var l = 0; l < config.Layers; l++)
            {
                using var scope = NewDisposeScope();
                var context = prompt.Layer(l, b);
                using var statistics = context.Statistics;
                parts[l][b] = compressor.Compress(context, budget.Layers[l]);
                if (IsFitted(expected)) CheckFit(expected, parts[l][b], context, l, b);
                else CheckSlots(expected, shared, parts[l][b], context, l, b);
                if (expected.Has("scores") && compressor is IScoringCompressor scoring) CheckScores(expected, scoring.Scores(context, budget.Layers[l]), l, b);
            }
        }
        for (var l = 0; l < config.Layers; l++) cache.Layers[l].Replace(CompressedLayer.Join(parts[l]));
        if (line.TryGetProperty("suffix_first_position", out var first))
            differences.Exact("suffix position", [first.GetInt64()], [cache.NextPositions[0]]);
        var tolerance = IsFitted(expected) ? FittedSuffixTolerance : compressor.Needs.HasFlag(CompressorNeeds.ModelPasses) ? 5e-4 : SuffixTolerance;
        differences.Absolute("suffix logits", expected.Float("suffix_logits"), prompt.Model.Logits(prompt.Model.Run(prompt["suffix_ids"], cache)), tolerance);
    }

    private void Prepare(IKvCompressor compressor, int sample)
    {
        if (!compressor.Needs.HasFlag(CompressorNeeds.ModelPasses)) return;
        if (compressor is KvZip zip) zip.Prompt = new KvZipPrompt(Ids("first_prompt_ids"), Ids("next_prompt_ids"), Ids("suffix_ids"));
        var ids = prompt["prompt_ids"][sample].contiguous();
        using var dense = prompt.Model.NewCache(1);
        prompt.Model.Run(ids.unsqueeze(0), dense);
        compressor.Prepare(new PromptAccess(prompt.Model, dense, ids.data<long>().ToArray(), null));
    }

    private long[] Ids(string name) => [.. line.GetProperty("options").GetProperty(name).EnumerateArray().Select(id => id.GetInt64())];

    private void CheckSlots(GoldenTensors expected, GoldenTensors? shared, CompressedLayer actual, LayerContext context, int l, int b)
    {
        var heads = actual.KeyValueHeads;
        for (var h = 0; h < heads; h++)
        {
            var (start, length) = (actual.Offsets[h], actual.Length(0, h));
            if (expected.Has("lengths")) differences.Exact("lengths", [expected.Long("lengths")[l, b, h].item<long>()], [length]);
            if (expected.Has("kept"))
                differences.Exact("kept", [.. Row(expected.Long("kept"), l, b, h).data<long>().ToArray().Where(j => j >= 0)], Originals(actual, context, h));
            if (expected.Has("positions"))
                differences.Exact("positions", Row(expected.Long("positions"), l, b, h).data<long>().ToArray().AsSpan(0, length), [.. actual.Positions.Slice(start, length).ToArray().Select(p => (long)p)]);
            if (expected.Has("count"))
                differences.Absolute("count", Row(expected.Float("count"), l, b, h).narrow(0, 0, length), actual.Counts is null ? ones(length) : tensor(actual.Counts.AsSpan(start, length).ToArray()), 0);
            if (expected.Has("bias"))
                differences.Absolute("bias", Row(expected.Float("bias"), l, b, h).narrow(0, 0, length), actual.Bias?.narrow(0, start, length) ?? zeros(length), 1e-5);
            foreach (var (name, rows) in new[] { ("keys", actual.Keys), ("values", actual.Values) })
                if ((expected.Has(name) ? expected : shared) is { } source && source.Has(name))
                    differences.Absolute(name, Row(source.Float(name), l, b, h).narrow(0, 0, length), rows.narrow(0, start, length), MergedTolerance);
        }
    }

    // Values and biases of a least squares fit move with its rounding; what it reaches does not.
    private static bool IsFitted(GoldenTensors expected) => expected.Has("mass_objective");

    private void CheckFit(GoldenTensors expected, CompressedLayer actual, LayerContext context, int l, int b)
    {
        var group = context.Config.GroupSize;
        for (var h = 0; h < actual.KeyValueHeads; h++)
        {
            var (start, length) = (actual.Offsets[h], actual.Length(0, h));
            differences.Exact("kept", Row(expected.Long("kept"), l, b, h).data<long>().ToArray(), [.. actual.Positions.Slice(start, length).ToArray().Select(position => (long)position)]);
            var reached = MatchingObjectives.Of(context.Queries!.narrow(0, h * group, group).reshape(group * context.Tokens, -1), context.Keys[h], context.Values[h],
                actual.Keys.narrow(0, start, length), actual.Values.narrow(0, start, length), actual.Bias?.narrow(0, start, length) ?? zeros(length));
            Excess("mass objective (relative excess)", reached.Mass, "mass_objective");
            Excess("output objective (relative excess)", reached.Output, "output_objective");

            void Excess(string kind, double found, string name) => differences.Number(kind, Math.Max(0, (found / expected.Double(name)[l, b, h].item<double>()) - 1), ObjectiveTolerance);
        }
    }

    // The prompt tokens whose values the slots hold, whatever positions their keys were turned to.
    private static long[] Originals(CompressedLayer actual, LayerContext context, int head)
    {
        var (start, length) = (actual.Offsets[head], actual.Length(0, head));
        if (length == 0) return [];
        var distance = (actual.Values.narrow(0, start, length).unsqueeze(1) - context.Values[head].unsqueeze(0)).abs().amax([-1]);
        return distance.argmin(-1).data<long>().ToArray();
    }

    private void CheckScores(GoldenTensors expected, Tensor actual, int l, int b)
    {
        // A reference may leave out first tokens, which have no score of their own.
        var reference = expected.Float("scores")[l, b];
        actual = actual.narrow(-1, actual.shape[^1] - reference.shape[^1], reference.shape[^1]);
        var relative = (actual - reference).abs() / reference.abs().clamp_min(1e-6);
        differences.Number("scores (relative)", relative.max().item<float>(), ScoreTolerance);
    }

    private static Tensor Row(Tensor all, int l, int b, int h) => all[l, b, h].contiguous();
}
