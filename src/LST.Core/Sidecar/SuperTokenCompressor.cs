using System.Text.Json.Nodes;
using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Compression.Online;
using LST.Core.Models.Checkpoints;
using LST.Core.Sidecar.Online;
using static TorchSharp.torch;

namespace LST.Core.Sidecar;

/// <summary>
/// LST: windows of keys and values become learned super-tokens; sinks and recents stay. Query-agnostic. Options: <c>preset</c> <c>lst</c>, <c>lst-large</c> or
/// <c>paper</c>; <c>sidecar</c> a file, or <c>untrained</c> for the preset at its zero initialisation; everything else stands in the sidecar's own config. Without a file the one
/// that belongs to the model and ratio is taken (<see cref="SidecarSearch"/>). Cannot compress beyond its longest window: such heads stay as they are.
/// Online, every window of m·r tokens that has left the recent ones becomes m super-tokens once; budgets of single heads and the refit of values belong to
/// whole prompts and have no part in it.
/// </summary>
public sealed class SuperTokenCompressor(MethodOptions options) : IOnlineCompressor
{
    private const string Untrained = "untrained";
    private readonly Dictionary<Ratio, SidecarModule> byRatio = [];
    private readonly Dictionary<string, SidecarModule> byFile = [];
    private readonly Dictionary<(int Tokens, string Slots), WindowBatch> batches = [];
    private readonly Dictionary<PlanContext, IReadOnlyList<IReadOnlyList<WindowPlan?>>> plans = [];
    private SidecarModule? given;
    private ModelTarget? target;

    /// <summary>Registry line.</summary>
    public static MethodEntry Entry { get; } = new("lst", [], "learned super-tokens",
    [
        new("preset", "lst", OptionKind.Choice, "which trained network", "lst", "lst-large", "paper"),
        new("sidecar", "", OptionKind.Text, "file of the network, or untrained (default: the one of the model and ratio)", Untrained),
    ], options => new SuperTokenCompressor(options));

    /// <summary>A compressor around a network in memory, for training and figures. The network stays the caller's.</summary>
    public static SuperTokenCompressor Around(SidecarModule sidecar) =>
        new(MethodSpec.Parse("lst", Entry).Options) { given = sidecar };

    /// <summary>Where files are looked for.</summary>
    internal SidecarSearch Search { get; init; } = SidecarSearch.OfThisProcess();

    /// <inheritdoc/>
    public CompressorNeeds Needs => CompressorNeeds.PreRopeKeys | CompressorNeeds.PreRopeQueries;

    /// <inheritdoc/>
    public long Parameters(Ratio ratio) => ratio == Ratio.One ? 0 : Of(ratio).ParameterCount;

    /// <inheritdoc/>
    public void Attach(ModelTarget model)
    {
        if (target is not null && !(ReferenceEquals(target.Config, model.Config) && (target.Name, target.WeightsSha256) == (model.Name, model.WeightsSha256))) Clear();
        target = model;
    }

    /// <inheritdoc/>
    public string? Missing(Ratio ratio)
    {
        if (given is not null || !options.IsAutomatic("sidecar") || ratio == Ratio.One || target is not { } model) return null;
        return Search.Find(model.Name, options["preset"], ratio) is null ? $"no sidecar '{options["preset"]}' of {model.Name} at {ratio}:1: lst is left out there (./lst train --model {model.Name} --window-size {ratio} makes one)" : null;
    }

    /// <inheritdoc/>
    public JsonObject? Details(Ratio ratio)
    {
        if (ratio == Ratio.One) return null;
        var details = new JsonObject { ["config"] = JsonNode.Parse(Of(ratio).Config.ToJson()) };
        if (PathOf(ratio) is { } path) (details["file"], details["file-sha256"]) = (Path.GetFileName(path), WeightHash.Of([Path.GetFullPath(path)]));
        return details;
    }

    /// <summary>The network of a ratio.</summary>
    /// <exception cref="SidecarException">None, or one of another model.</exception>
    public SidecarModule Of(Ratio ratio)
    {
        if (given is not null) return given;
        if (byRatio.TryGetValue(ratio, out var known)) return known;
        var model = target ?? throw new InvalidOperationException("the method is attached to a model before it plans");
        if (options["sidecar"] == Untrained)
            return byRatio[ratio] = byFile[$"{Untrained} {ratio}"] = SidecarModule.Untrained(SidecarPresets.Of(options["preset"], model.Name, null, model.Config, ratio));
        var path = PathOf(ratio)!;
        if (!byFile.TryGetValue(path, out var sidecar))
        {
            var read = SidecarFile.Read(path);
            try
            {
                Fits(read.Config, model, path);
            }
            catch
            {
                read.Dispose();
                throw;
            }
            byFile[path] = sidecar = read;
        }
        return byRatio[ratio] = sidecar;
    }

    /// <inheritdoc/>
    public BudgetPlan Plan(PlanContext context)
    {
        if (context.IsIdentity) return BudgetPlan.Uniform(context, context.Tokens);
        var slots = HeadBudgets.Slots(Of(context.Asked).Config, context);
        var plans = Plans(context);
        // A head with fewer slots than tokens but without windows is one that this network cannot compress so far; it stays as it is, beyond its part of the budget. The others keep to theirs.
        var beyond = plans.Index().Sum(layer => layer.Item.Index().Sum(head => head.Item is null ? (long)context.Tokens - slots[layer.Index, head.Index] : 0));
        return new BudgetPlan(context.Slots, [.. plans.Select(heads => new LayerBudget(context.Ratio, context.Slots, [.. heads.Select(plan => plan?.Slots ?? context.Tokens)]) { Asked = context.Asked })]) { SlotsOfWholeHeads = beyond };
    }

    /// <inheritdoc/>
    public CompressedLayer Compress(LayerContext layer, LayerBudget budget)
    {
        if (budget.SlotsByHead.All(slots => slots >= layer.Tokens)) return Selection.Identity(layer);
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var sidecar = Of(budget.Asked);
        sidecar.To(layer.Keys.device);
        if (sidecar.Config.Choice == TokenChoiceRule.Learned)
            return Chosen(sidecar, layer, Plans(new PlanContext(layer.Tokens, layer.Config.Layers, layer.KeyValueHeads, budget.Ratio) { Asked = budget.Asked })[layer.Layer]).Detached();
        return Compress(sidecar, layer, Batch(sidecar, layer, budget)).Detached();
    }

    /// <inheritdoc/>
    public IReadOnlyList<IReadOnlyList<SlotOrigin>> Origins(LayerContext layer, LayerBudget budget, CompressedLayer made)
    {
        if (budget.SlotsByHead.All(slots => slots >= layer.Tokens)) return SlotOrigins.OfKept(layer, made);
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var sidecar = Of(budget.Asked);
        sidecar.To(layer.Keys.device);
        if (sidecar.Config.Choice != TokenChoiceRule.Learned) return WindowOrigins.Of(sidecar, layer, Batch(sidecar, layer, budget));
        var plans = Plans(new PlanContext(layer.Tokens, layer.Config.Layers, layer.KeyValueHeads, budget.Ratio) { Asked = budget.Asked })[layer.Layer];
        return TokenChoice.Origins(sidecar.Config, layer, plans, Importance(sidecar, layer, layer.PreRopeKeys()));
    }

    /// <inheritdoc/>
    public IOnlinePlan PlanOnline(OnlineBudget budget) => OnlinePlan(budget.RequireRatio("lst"));

    /// <inheritdoc/>
    public IReadOnlyList<IOnlineLayer> Begin(OnlineStart start)
    {
        var ratio = start.Budget.RequireRatio("lst");
        var sidecar = Of(ratio);
        return WindowedLayer.Begin(start, OnlinePlan(ratio), new SidecarWindows(sidecar, start.Rotary));
    }

    /// <summary>One layer of which tokens are chosen; belongs to the current dispose scope.</summary>
    internal static CompressedLayer Chosen(SidecarModule sidecar, LayerContext layer, IReadOnlyList<WindowPlan?> plans)
    {
        var keys = layer.PreRopeKeys();
        return TokenChoice.Compress(sidecar.Config, layer, keys, plans, Importance(sidecar, layer, keys));
    }

    private static Tensor Importance(SidecarModule sidecar, LayerContext layer, Tensor preRopeKeys) =>
        sidecar.Importance(layer.Layer, sidecar.Config.KeySpace == KeySpace.PreRope ? preRopeKeys : layer.Keys, layer.Values);

    /// <summary>One layer by one network, differentiable; belongs to the current dispose scope.</summary>
    internal static CompressedLayer Compress(SidecarModule sidecar, LayerContext layer, WindowBatch batch)
    {
        var config = sidecar.Config;
        var keys = config.KeySpace == KeySpace.PreRope ? layer.PreRopeKeys() : layer.Keys;
        var packed = sidecar.Compress(layer.Layer, keys, layer.Values, batch).Packed(layer.Keys, layer.Values, batch);
        if (config.Refit == RefitProbes.None) return packed;
        return ValueRefit.Apply(packed, layer.Keys, layer.Values, FutureQueries.Of(layer, config.RefitQueries), batch, config.RefitStrength);
    }

    /// <inheritdoc/>
    public void Dispose() => Clear();

    // Null where no file is behind the network.
    private string? PathOf(Ratio ratio) => given is not null || options["sidecar"] == Untrained ? null
        : options.IsAutomatic("sidecar") ? Search.Require(target!.Name, options["preset"], ratio) : options["sidecar"];

    // Right neighbours of a window must be in the tail, so that there are at least c recents.
    private OnlineWindows OnlinePlan(Ratio ratio)
    {
        var config = Of(ratio).Config;
        int Kept(string key, string text) => BudgetExpression.EvaluateWithoutSlots($"lst:{key}", text, ratio);
        var plan = new OnlineWindows(ratio, config.SuperTokens, Kept("sinks", config.Sinks), Math.Max(config.Neighbours, Kept("recent", config.Recent)), config.Neighbours);
        return plan.LongestWindow <= config.LongestWindow ? plan : throw new SidecarException(
            $"the sidecar '{config.Preset}' of {config.Model.Name} takes windows of up to {config.LongestWindow} tokens, {ratio}:1 with {config.SuperTokens} super-tokens a window needs {plan.LongestWindow}; take one that was trained for this ratio");
    }

    private static void Fits(SidecarConfig config, ModelTarget model, string path)
    {
        var (made, shape) = (config.Model, model.Config);
        if ((made.Layers, made.KeyValueHeads, made.QueryHeads, made.HeadDim) != (shape.Layers, shape.KeyValueHeads, shape.QueryHeads, shape.HeadDim))
            throw new SidecarException($"{path}: this sidecar is for {made.Layers} layers of {made.QueryHeads} query and {made.KeyValueHeads} KV heads of width {made.HeadDim} ({made.Name}), model '{model.Name}' has "
                + $"{shape.Layers}, {shape.QueryHeads}, {shape.KeyValueHeads} and {shape.HeadDim}; take a sidecar that was trained for this model");
        if (made.WeightsSha256 is { } expected && model.WeightsSha256 is { } found && expected != found)
            throw new SidecarException($"{path}: this sidecar was trained for the weights {Short(expected)} of '{made.Name}', the weights of model '{model.Name}' are {Short(found)}; train one for these weights");
    }

    private static string Short(string digest) => digest.Length <= 12 ? digest : $"{digest[..12]}…";

    private WindowBatch Batch(SidecarModule sidecar, LayerContext layer, LayerBudget budget)
    {
        var context = new PlanContext(layer.Tokens, layer.Config.Layers, layer.KeyValueHeads, budget.Ratio) { Asked = budget.Asked };
        var heads = Plans(context)[layer.Layer];
        var key = (layer.Tokens, $"{layer.Keys.device} {budget.Ratio} {string.Join(' ', heads.Select(plan => plan is null ? "-" : $"{plan.Sinks}{(plan.IsWide ? '~' : '+')}{plan.Windows.Count}+{plan.Recent}"))}");
        if (batches.TryGetValue(key, out var known)) return known;
        // Prompts of many lengths follow each other: only the layouts of one are kept.
        if (batches.Keys.Any(other => other.Tokens != layer.Tokens)) ClearBatches();
        return batches[key] = new WindowBatch(sidecar.Config, heads, layer.Tokens, layer.Rotary, layer.Keys.device);
    }

    // The plans of all layers are made together, and each layer asks for its own.
    private IReadOnlyList<IReadOnlyList<WindowPlan?>> Plans(PlanContext context)
    {
        if (plans.TryGetValue(context, out var known)) return known;
        if (plans.Keys.Any(other => other.Tokens != context.Tokens)) plans.Clear();
        return plans[context] = HeadBudgets.Of(Of(context.Asked).Config, context);
    }

    private void ClearBatches()
    {
        foreach (var batch in batches.Values) batch.Dispose();
        batches.Clear();
    }

    private void Clear()
    {
        foreach (var sidecar in byFile.Values) sidecar.Dispose();
        byFile.Clear();
        byRatio.Clear();
        plans.Clear();
        ClearBatches();
    }
}
