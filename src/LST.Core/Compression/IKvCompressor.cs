using System.Text.Json.Nodes;
using LST.Core.Caching;
using static TorchSharp.torch;

namespace LST.Core.Compression;

/// <summary>What a method asks for; only this is computed and kept.</summary>
[Flags]
public enum CompressorNeeds
{
    /// <summary>Keys, values and positions alone.</summary>
    None = 0,

    /// <summary>Attention statistics of the processed tokens (column sums, last row, window): queries are captured.</summary>
    Statistics = 1,

    /// <summary>Post-RoPE queries.</summary>
    Queries = 2,

    /// <summary>Pre-RoPE keys as projected (else they are turned back from the cache).</summary>
    PreRopeKeys = 4,

    /// <summary>Pre-RoPE queries.</summary>
    PreRopeQueries = 8,

    /// <summary>Input of the attention block after its norm.</summary>
    Hidden = 16,

    /// <summary>Passes of the model itself in <see cref="IKvCompressor.Prepare"/>, before any layer is compressed.</summary>
    ModelPasses = 32,
}

/// <summary>
/// A compression method. <see cref="Attach"/> once; then, for each prompt: (<see cref="Prepare"/> if it needs model passes) → <see cref="Plan"/> once →
/// <see cref="Compress"/> for every layer.
/// One instance serves one sample at a time, several ratios after one <see cref="Prepare"/>; samples of a batch are compressed one by one,
/// so that padding and other samples cannot matter.
/// </summary>
public interface IKvCompressor : IDisposable
{
    /// <summary>What has to be computed for it.</summary>
    CompressorNeeds Needs { get; }

    /// <summary>Learned parameters that are used at a ratio (0 for heuristics); a column of every table. After <see cref="Attach"/>.</summary>
    long Parameters(Ratio ratio) => 0;

    /// <summary>Tells the method which model it works on, before anything else. Methods that are made for one model look for what belongs to it.</summary>
    void Attach(ModelTarget model) { }

    /// <summary>Why the method has nothing to work with at a ratio for this model (a learned method without weights), a sentence; null: it is ready. After <see cref="Attach"/>.</summary>
    string? Missing(Ratio ratio) => null;

    /// <summary>What a record holds beyond the options (which file, its digest, its own options); null: nothing. After <see cref="Attach"/>.</summary>
    JsonObject? Details(Ratio ratio) => null;

    /// <summary>Model passes of methods that declare <see cref="CompressorNeeds.ModelPasses"/>, after the prefill and before any layer is compressed.</summary>
    void Prepare(IModelAccess model) { }

    /// <summary>Slots per layer and head. The sum must not exceed L·H_kv·n and what whole heads take (<see cref="BudgetPlan.Most"/>); <see cref="PromptCompression"/> refuses a plan whose sum does.</summary>
    BudgetPlan Plan(PlanContext context);

    /// <summary>True position of the token behind the prompt: T, unless the method renumbers its slots.</summary>
    int NextPosition(PlanContext context, BudgetPlan plan) => context.Tokens;

    /// <summary>Compresses one layer of one sample to the planned slots.</summary>
    CompressedLayer Compress(LayerContext layer, LayerBudget budget);

    /// <summary>Which tokens each slot is made of, and with what weights [H_kv][slots]; for figures, not on the way of a run. Slots that are tokens of the prompt need not be told.</summary>
    /// <param name="layer">The layer that was compressed, with everything that the method asked for.</param>
    /// <param name="budget">Its budget.</param>
    /// <param name="made">What <see cref="Compress"/> made of it.</param>
    IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made) => SlotOrigins.OfKept(layer, made);
}

/// <summary>A method that ranks tokens by a score; shown for verification and figures.</summary>
public interface IScoringCompressor : IKvCompressor
{
    /// <summary>Whether slots are the chosen tokens as they are. What a method merges into them would be lost where another one is laid over its scores.</summary>
    bool IsSelection => true;

    /// <summary>
    /// What is ranked in one layer: [H_kv, columns] float32, higher is kept first, in the current dispose scope. Column j is token j of the prompt, so that column 0 is its first token
    /// (BOS, a sink); tokens that are kept whatever their score may have columns all the same. Only tokens at the end may have none: SnapKV's own window does not vote on itself.
    /// </summary>
    Tensor Scores(LayerContext layer, LayerBudget budget);

    /// <summary>Slots of each layer, equal over its heads, where another method shares them among the heads by these scores.</summary>
    BudgetPlan PlanOfLayers(PlanContext context) => Plan(context);

    /// <summary>First and last tokens that are kept whatever their score, within the smallest head of a budget.</summary>
    /// <param name="budget">Budget of a layer.</param>
    (int Sinks, int Recent) Kept(LayerBudget budget) => (0, 0);
}

/// <summary>What a layer's budget binds.</summary>
public enum BudgetRule
{
    /// <summary>Every head holds exactly its slots.</summary>
    EachHead,

    /// <summary>The layer holds exactly their sum, and heads share it as the method finds when it sees the layer.</summary>
    WholeLayer,

    /// <summary>Every head holds at most its slots.</summary>
    AtMost,

    /// <summary>A rule of the method's own decides (a threshold): the number of slots is known when the layer is compressed, and its effective ratio is what a table shows.</summary>
    Open,
}

/// <summary>What a plan is made from.</summary>
/// <param name="Tokens">T, tokens in the prompt.</param>
/// <param name="Layers">L.</param>
/// <param name="KeyValueHeads">H_kv.</param>
/// <param name="Ratio">r.</param>
public sealed record PlanContext(int Tokens, int Layers, int KeyValueHeads, Ratio Ratio)
{
    /// <summary>The ratio that was asked for, where r is another one that fits its bytes; what was learned for a ratio is looked up by this one.</summary>
    public Ratio Asked { get; init; } = Ratio;

    /// <summary>n = ⌊T / r⌋, at least 1 and at most T.</summary>
    public int Slots => Math.Clamp(Ratio.Slots(Tokens), 1, Tokens);

    /// <summary>Whether nothing is to be compressed.</summary>
    public bool IsIdentity => Slots >= Tokens;
}

/// <summary>Slots of one layer, by head.</summary>
/// <param name="Ratio">The requested ratio, for options that are expressions of it.</param>
/// <param name="Slots">n: the uniform budget a head that the plan started from.</param>
/// <param name="SlotsByHead">[H_kv].</param>
public sealed record LayerBudget(Ratio Ratio, int Slots, IReadOnlyList<int> SlotsByHead)
{
    /// <summary>As <see cref="PlanContext.Asked"/>.</summary>
    public Ratio Asked { get; init; } = Ratio;

    /// <summary>What the slots bind.</summary>
    public BudgetRule Rule { get; init; }

    /// <summary>Sum over heads.</summary>
    public int Total => SlotsByHead.Sum();
}

/// <summary>Slots of all layers.</summary>
/// <param name="SlotsPerHead">n, the mean over layers and heads that the plan keeps to: ⌊T / r⌋, or the more that the method stands for (protected tokens of a short prompt, an option with a budget of its own).</param>
/// <param name="Layers">[L].</param>
public sealed record BudgetPlan(int SlotsPerHead, IReadOnlyList<LayerBudget> Layers)
{
    /// <summary>Slots beyond L·H_kv·n that heads take which the method cannot compress so far and leaves as they are: for each, T less its part of the budget. The other heads keep to theirs.</summary>
    public long SlotsOfWholeHeads { get; init; }

    /// <summary>Most slots that the plan may have: L·H_kv·n and <see cref="SlotsOfWholeHeads"/>.</summary>
    public long Most(PlanContext context) => ((long)context.Layers * context.KeyValueHeads * SlotsPerHead) + SlotsOfWholeHeads;

    /// <summary>Sum over layers and heads.</summary>
    public long Total => Layers.Sum(layer => (long)layer.Total);

    /// <summary>The same number of slots in every layer and head, no more than ⌊T / r⌋ unless <see cref="SlotsPerHead"/> is raised.</summary>
    public static BudgetPlan Uniform(PlanContext context, int slots)
    {
        var layer = new LayerBudget(context.Ratio, context.Slots, [.. Enumerable.Repeat(slots, context.KeyValueHeads)]);
        return new BudgetPlan(context.Slots, [.. Enumerable.Repeat(layer, context.Layers)]);
    }

    /// <summary>The budget rule: n = clamp(⌊T/r⌋, s + R + 1, T), equal everywhere.</summary>
    /// <param name="context">Prompt and ratio.</param>
    /// <param name="protectedTokens">s + R, tokens that are kept in any case.</param>
    public static BudgetPlan WithProtected(PlanContext context, int protectedTokens)
    {
        var slots = Math.Min(context.Tokens, Math.Max(context.Slots, context.IsIdentity ? 1 : protectedTokens + 1));
        return Uniform(context, slots) with { SlotsPerHead = slots };
    }
}
