using LST.Core.Caching;
using static TorchSharp.torch;

namespace LST.Core.Compression.Invariants;

/// <summary>
/// The promises that every method keeps, tried on random layers without a model and without a test framework: for a method that is being written, in
/// a notebook or anywhere. Methods that run the model themselves, or need trained weights, are skipped with a sentence. What takes a model to try
/// (a suffix that reads the slots, storage types) is left to the test matrix, which every registered method that ships goes through.
/// </summary>
public static class InvariantCheck
{
    private const double Rounding = 1e-5;
    private static readonly int[] Lengths = [61, 37, 48];
    private static readonly Ratio[] Ratios = [Ratio.Of(3, 2), Ratio.Of(2), Ratio.Of(4), Ratio.Of(8)];

    /// <summary>Tries every promise.</summary>
    /// <param name="method">The method.</param>
    /// <param name="seed">Seed of the layers.</param>
    /// <returns>A line each, always in the same order.</returns>
    public static IReadOnlyList<InvariantResult> Of(MethodSpec method, int seed = 0) => Of(method.Create, seed);

    /// <summary>Tries every promise of a method that is not registered.</summary>
    /// <param name="create">Makes a compressor; called several times.</param>
    /// <param name="seed">Seed of the layers.</param>
    /// <returns>A line each, always in the same order.</returns>
    public static IReadOnlyList<InvariantResult> Of(Func<IKvCompressor> create, int seed = 0)
    {
        using var pause = CollectionPause.Begin();
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        RandomPrompt[] prompts = [.. Lengths.Select((tokens, i) => RandomPrompt.Draw(tokens, (seed * Lengths.Length) + i + 1))];
        (string Promise, Func<string?> Check)[] promises =
        [
            ("Ratio 1 gives the prompt back bit for bit", () => Each(create, prompts, [Ratio.One], made => SlotPromises.IsIdentity(made.Layer.Keys, made.Layer.Values, made.Slots))),
            ("A plan keeps to n = ⌊T / r⌋ slots a head", () => Plans(create, prompts[0])),
            ("Every head holds the slots that were planned", () => Each(create, prompts, Ratios, made => SlotPromises.AreAsPlanned(made.Budget, made.Slots))),
            ("Positions ascend and lie inside the prompt", () => Each(create, prompts, Ratios, made => SlotPromises.Ascend(made.Slots, made.Layer.Tokens))),
            ("A slot that is a token holds the prompt's numbers", () => Each(create, prompts, Ratios, made => SlotPromises.HoldTheirTokens(made.Layer, made.Slots, made.Compressor.Origins(made.Layer, made.Budget, made.Slots)))),
            ("Every number is finite", () => Each(create, prompts, Ratios, made => SlotPromises.AreFinite(made.Slots))),
            ("Tokens behind the prompt change nothing", () => Pairs(create, prompts, prompt => (prompt, prompt.InsideLonger()))),
            ("Nothing is remembered of other prompts", () => InAnyOrder(create, prompts)),
            ("Equal query heads are as good as one", () => Pairs(create, prompts, prompt => (prompt.WithEqualQueryHeads(false), prompt.WithEqualQueryHeads(true)))),
        ];
        var reason = Obstacle(create);
        return [.. promises.Select(promise => reason is null ? Try(promise.Promise, promise.Check) : new InvariantResult(promise.Promise, InvariantOutcome.Skipped, reason))];
    }

    private static string? Obstacle(Func<IKvCompressor> create)
    {
        using var compressor = Attached(create, RandomPrompt.Shape);
        if (compressor.Needs.HasFlag(CompressorNeeds.ModelPasses)) return "the method runs the model itself, and random layers have none";
        return Ratios.Select(compressor.Missing).FirstOrDefault(missing => missing is not null);
    }

    // A defect may show as an exception of any type: what it says is the finding.
    private static InvariantResult Try(string promise, Func<string?> check)
    {
        try
        {
            return check() is { } found
                ? new InvariantResult(promise, InvariantOutcome.Failed, found)
                : new InvariantResult(promise, InvariantOutcome.Passed, $"prompts of {string.Join(", ", Lengths)} tokens");
        }
        catch (Exception defect) when (defect is not OutOfMemoryException)
        {
            return new InvariantResult(promise, InvariantOutcome.Failed, $"the method throws {defect.GetType().Name}: {defect.Message.Split('\n')[0].TrimEnd('.')}");
        }
    }

    private static string? Each(Func<IKvCompressor> create, IEnumerable<RandomPrompt> prompts, Ratio[] ratios, Func<Made, string?> rule)
    {
        using var scope = NewDisposeScope();
        foreach (var prompt in prompts)
            foreach (var ratio in ratios)
            {
                using var compressor = Attached(create, prompt.Config);
                foreach (var made in Compress(compressor, prompt, ratio))
                    if (rule(made) is { } found) return Where(made, ratio, found);
            }
        return null;
    }

    // Protected tokens may raise a small n: only ratios that leave room for them are asked.
    private static string? Plans(Func<IKvCompressor> create, RandomPrompt prompt)
    {
        foreach (var ratio in Ratios.Take(2))
        {
            using var compressor = Attached(create, prompt.Config);
            var context = Context(prompt, ratio);
            var (plan, most) = (compressor.Plan(context), (long)context.Layers * context.KeyValueHeads * context.Slots);
            if (plan.Total > most + plan.SlotsOfWholeHeads) return $"at {ratio}:1 of {context.Tokens} tokens {plan.Total} slots are planned where {context.Layers} layers of {context.KeyValueHeads} heads have {most}";
        }
        return null;
    }

    private static string? Pairs(Func<IKvCompressor> create, IEnumerable<RandomPrompt> prompts, Func<RandomPrompt, (RandomPrompt, RandomPrompt)> twins)
    {
        using var scope = NewDisposeScope();
        foreach (var (first, second) in prompts.Select(twins))
            foreach (var ratio in Ratios)
            {
                using IKvCompressor one = Attached(create, first.Config), other = Attached(create, second.Config);
                foreach (var (expected, found) in Compress(one, first, ratio).Zip(Compress(other, second, ratio)))
                    if (SlotPromises.AreTheSame(expected.Slots, found.Slots, Rounding) is { } difference) return Where(found, ratio, difference);
            }
        return null;
    }

    // One compressor sees the prompts forwards, another backwards.
    private static string? InAnyOrder(Func<IKvCompressor> create, RandomPrompt[] prompts)
    {
        using var scope = NewDisposeScope();
        foreach (var ratio in Ratios)
        {
            List<CompressedLayer>[] Run(IEnumerable<int> order)
            {
                using var compressor = Attached(create, prompts[0].Config);
                var made = new List<CompressedLayer>[prompts.Length];
                foreach (var i in order) made[i] = [.. Compress(compressor, prompts[i], ratio, keep: true).Select(one => one.Slots)];
                return made;
            }
            var (forwards, backwards) = (Run(Enumerable.Range(0, prompts.Length)), Run(Enumerable.Range(0, prompts.Length).Reverse()));
            try
            {
                for (var i = 0; i < prompts.Length; i++)
                    for (var l = 0; l < forwards[i].Count; l++)
                        if (SlotPromises.AreTheSame(forwards[i][l], backwards[i][l], 0) is { } difference) return $"the prompt of {prompts[i].Tokens} tokens in another order of prompts at {ratio}:1, layer {l}: {difference}";
            }
            finally
            {
                foreach (var layer in forwards.Concat(backwards).SelectMany(layers => layers)) layer.Dispose();
            }
        }
        return null;
    }

    private static IEnumerable<Made> Compress(IKvCompressor compressor, RandomPrompt prompt, Ratio ratio, bool keep = false)
    {
        var plan = compressor.Plan(Context(prompt, ratio));
        foreach (var layer in prompt.Layers())
        {
            var slots = compressor.Compress(layer, plan.Layers[layer.Layer]);
            try
            {
                yield return new Made(compressor, layer, plan.Layers[layer.Layer], slots);
            }
            finally
            {
                if (!keep) slots.Dispose();
            }
        }
    }

    private static IKvCompressor Attached(Func<IKvCompressor> create, Models.ModelConfig config)
    {
        var compressor = create();
        compressor.Attach(new ModelTarget("random layers", null, config));
        return compressor;
    }

    private static PlanContext Context(RandomPrompt prompt, Ratio ratio) => new(prompt.Tokens, prompt.Config.Layers, prompt.Config.KeyValueHeads, ratio);

    private static string Where(Made made, Ratio ratio, string found) => $"{made.Layer.Tokens} tokens at {ratio}:1, layer {made.Layer.Layer}: {found}";

    private sealed record Made(IKvCompressor Compressor, LayerContext Layer, LayerBudget Budget, CompressedLayer Slots);
}
