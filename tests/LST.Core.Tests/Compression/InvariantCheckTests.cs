using LST.Core.Baselines;
using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Compression.Invariants;
using static TorchSharp.torch;

namespace LST.Core.Tests.Compression;

/// <summary>The promises that a notebook can try are those that the methods of this build keep, and each defect is told from the others.</summary>
public sealed class InvariantCheckTests
{
    public static TheoryData<string> Methods => MethodCases.Methods;

    [Theory, MemberData(nameof(Methods))]
    public void Methods_that_ship_keep_every_promise_that_they_make(string method)
    {
        var spec = MethodSpec.Parse(method);

        var results = InvariantCheck.Of(spec.CreateWithPrompt, seed: 3);

        Assert.Equal(9, results.Count);
        foreach (var result in results.Where(result => result.Outcome == InvariantOutcome.Failed))
        {
            var isPromised = result.Promise switch
            {
                "A plan keeps to n = ⌊T / r⌋ slots a head" => !spec.HasTraits(MethodTraits.OwnBudget),
                "Equal query heads are as good as one" => !spec.HasTraits(MethodTraits.DrawsByQueryHead),
                _ => true,
            };
            Assert.False(isPromised, $"{method}: {result}");
        }
    }

    [Theory]
    [InlineData("ratio-one", "Ratio 1 gives the prompt back bit for bit", "head 0 holds 60 of 61 tokens")]
    [InlineData("plan", "A plan keeps to n = ⌊T / r⌋ slots a head", "slots are planned where 2 layers of 2 heads have 160")]
    [InlineData("one-more", "Every head holds the slots that were planned", "head 1 holds 41 slots where 40 were planned")]
    [InlineData("backwards", "Positions ascend and lie inside the prompt", "head 0 has position 38 behind 39")]
    [InlineData("changed", "A slot that is a token holds the prompt's numbers", "slots must be tokens at their own positions")]
    [InlineData("not-finite", "Every number is finite", "a value is not finite")]
    [InlineData("memory", "Nothing is remembered of other prompts", "other tokens are kept")]
    [InlineData("peeks", "Tokens behind the prompt change nothing", "a value differs by")]
    [InlineData("first-head", "Equal query heads are as good as one", "a value differs by")]
    public void A_defect_fails_the_promise_that_it_breaks_and_says_where(string defect, string promise, string found)
    {
        var results = InvariantCheck.Of(() => new Defective(defect));

        var failed = Assert.Single(results, result => result.Promise == promise);
        Assert.Equal(InvariantOutcome.Failed, failed.Outcome);
        Assert.Contains(found, failed.Sentence, StringComparison.Ordinal);
        Assert.StartsWith("FAILED  " + promise, failed.ToString(), StringComparison.Ordinal);
        Assert.All(InvariantCheck.Of(() => new Defective("none")), result => Assert.Equal(InvariantOutcome.Passed, result.Outcome));
    }

    [Fact]
    public void Methods_that_run_the_model_are_skipped_with_a_reason() =>
        Assert.All(InvariantCheck.Of(MethodSpec.Parse("kvzip")), result => Assert.StartsWith("skipped ", result.ToString(), StringComparison.Ordinal));

    [Fact]
    public void A_method_that_throws_fails_with_its_words()
    {
        var results = InvariantCheck.Of(() => new Defective("throws"));

        Assert.Contains("the method throws InvalidOperationException: broken", results[0].Sentence, StringComparison.Ordinal);
    }

    // Keeps the first n tokens, or does not.
    private sealed class Defective(string defect) : IKvCompressor
    {
        private int prompts;

        public CompressorNeeds Needs => CompressorNeeds.None;

        public BudgetPlan Plan(PlanContext context)
        {
            prompts++;
            var slots = context.Slots + (defect == "plan" && !context.IsIdentity ? 1 : 0) - (defect == "ratio-one" && context.IsIdentity ? 1 : 0);
            return BudgetPlan.Uniform(context, slots);
        }

        public CompressedLayer Compress(LayerContext layer, LayerBudget budget)
        {
            using var scope = NewDisposeScope();
            var slots = budget.SlotsByHead[0];
            if (defect == "throws") throw new InvalidOperationException("broken");
            if (slots >= layer.Tokens) return Selection.Identity(layer);
            int[] kept = [.. Enumerable.Range(defect == "memory" ? prompts % 3 : 0, slots)];
            return defect switch
            {
                "one-more" => Selection.Gather(layer, [kept, [.. kept, slots]]),
                "backwards" => Selection.Gather(layer, [.. Enumerable.Repeat(kept.Reverse().ToArray(), 2)]),
                "changed" => Changed(Selection.Same(layer, kept)),
                "not-finite" => Selection.Gather(layer, [kept, kept], layer.Values / 0),
                // Memory of a view goes on behind its last row.
                "peeks" => Selection.Gather(layer, [kept, kept], layer.Values + (layer.Values.storage_offset() + layer.Values.stride(0) - (layer.Values.shape[1] * layer.Values.shape[2]))),
                "first-head" => Selection.Gather(layer, [kept, kept], layer.Values + layer.Queries!.shape[0]),
                _ => Selection.Same(layer, kept),
            };
        }

        public void Dispose() { }

        private static CompressedLayer Changed(CompressedLayer made)
        {
            made.Keys.add_(1);
            return made;
        }
    }
}
