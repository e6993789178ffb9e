using LST.Core.Attention.Cpu.Vectors;
using LST.Core.Caching;
using LST.Core.Models;
using LST.Core.Text;
using static TorchSharp.torch;

namespace LST.Core.Compression;

/// <summary>One compressed cache that is wanted of a prompt.</summary>
/// <param name="Compressor">The method; several jobs may share one, which is then prepared once.</param>
/// <param name="Ratio">r.</param>
public sealed record CompressionJob(IKvCompressor Compressor, Ratio Ratio)
{
    /// <summary>The ratio that was asked for, where r is another one that fits its bytes.</summary>
    public Ratio Asked { get; init; } = Ratio;

    /// <summary>The cache goes on being compressed while tokens arrive.</summary>
    public bool GoesOn { get; init; }

    /// <summary>Shown each layer right after it was compressed, with what the method saw of it; tensors are valid during the call. Its time is not the method's.</summary>
    public Action<LayerContext, LayerBudget, CompressedLayer>? OnLayer { get; init; }
}

/// <summary>The compressed cache of one prompt, checked against its plan.</summary>
public sealed class CompressedPrompt(KvCache cache, BudgetPlan plan, double milliseconds) : IDisposable
{
    /// <summary>The cache, ready for the next token at its true position.</summary>
    public KvCache Cache => cache;

    /// <summary>What was planned; the cache holds it as its layers' rules say (<see cref="BudgetRule"/>).</summary>
    public BudgetPlan Plan => plan;

    /// <summary>Slots that are held, all layers and heads.</summary>
    public long Slots { get; } = cache.Layers.Sum(layer => (long)layer.Prefix!.Slots);

    /// <summary>Time of compression in milliseconds: preparation, statistics that the method reads (whoever computed them), and the method itself.</summary>
    public double Milliseconds => milliseconds;

    /// <summary>Storage of the compressed slots, in bytes.</summary>
    public long Bytes => cache.Layers.Sum(layer => layer.Prefix!.Bytes);

    /// <inheritdoc/>
    public void Dispose() => cache.Dispose();
}

/// <summary>One prompt: its full cache, the last hidden states, and a compressed cache for every job.</summary>
public sealed class CompressedPrompts(KvCache dense, Tensor lastHidden, IReadOnlyList<CompressedPrompt> jobs, double prefillMilliseconds) : IDisposable
{
    /// <summary>The full cache, batch 1.</summary>
    public KvCache Dense => dense;

    /// <summary>Hidden state of the last prompt token after the final norm [1, 1, M].</summary>
    public Tensor LastHidden => lastHidden;

    /// <summary>In the order of the jobs.</summary>
    public IReadOnlyList<CompressedPrompt> Jobs => jobs;

    /// <summary>Time of the prefill itself, without compression.</summary>
    public double PrefillMilliseconds => prefillMilliseconds;

    /// <inheritdoc/>
    public void Dispose()
    {
        dense.Dispose();
        lastHidden.Dispose();
        foreach (var job in jobs) job.Dispose();
    }
}

/// <summary>
/// One dense prefill, many compressed caches. Each layer is compressed right after its own prefill attention, while its queries are at hand, so that
/// hidden states passed upwards and the prompt's logits stay uncompressed; methods that need model passes follow after the prefill.
/// </summary>
public static class PromptCompression
{
    /// <summary>Prefills one prompt and compresses it for every job.</summary>
    /// <param name="model">The model.</param>
    /// <param name="ids">Prompt ids, T of them.</param>
    /// <param name="jobs">What is wanted.</param>
    /// <param name="tokenizer">For methods that write a prompt of their own.</param>
    /// <param name="cancel">Stops between layers.</param>
    /// <exception cref="CompressionException">The prompt is empty, or a cache did not become what was planned.</exception>
    public static CompressedPrompts Run(LanguageModel model, ReadOnlyMemory<long> ids, IReadOnlyList<CompressionJob> jobs,
        ITokenizer? tokenizer = null, CancellationToken cancel = default)
    {
        if (ids.IsEmpty) throw new CompressionException("the prompt is empty; a cache is compressed from at least one token, give a prompt or a text source that has some");
        using var pause = CollectionPause.Begin();
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var work = jobs.Select(job => new JobWork(model, job, ids.Length)).ToList();
        KvCache? dense = null;
        try
        {
            dense = model.NewCache(1, ids.Length);
            foreach (var compressor in jobs.Select(job => job.Compressor).Distinct()) compressor.Attach(model.Target);
            var needs = jobs.Aggregate(CompressorNeeds.None, (all, job) => all | job.Compressor.Needs);
            var inPrefill = work.Where(w => !w.NeedsModel).ToList();
            foreach (var job in inPrefill) job.Plan();
            var compressing = TimeSpan.Zero;
            var clock = DeviceClock.StartNew(model.Device);
            var hidden = model.Run(tensor(ids.ToArray(), 1, ids.Length).to(model.Device), dense, new SegmentOptions
            {
                Capture = Captures(needs),
                Cancel = cancel,
                OnLayer = capture =>
                {
                    var start = clock.Elapsed;
                    using var statistics = capture.Queries is null ? null : new AttentionStatistics(capture.Queries[0], capture.Keys[0], model.Config.SlidingWindow) { Pool = OnCpu(model) };
                    var context = Context(model, capture, statistics);
                    foreach (var job in inPrefill) job.Compress(context);
                    compressing += clock.Elapsed - start;
                },
            });
            var prefill = clock.Elapsed - compressing;
            AfterPrefill(model, dense, ids, work.Where(w => w.NeedsModel), tokenizer, cancel);
            var finished = work.Select(job => job.Finish()).ToList();
            var last = hidden.narrow(1, ids.Length - 1, 1).clone().DetachFromDisposeScope();
            return new CompressedPrompts(dense, last, finished, prefill.TotalMilliseconds);
        }
        catch
        {
            dense?.Dispose();
            foreach (var job in work) job.Dispose();
            throw;
        }
    }

    private static void AfterPrefill(LanguageModel model, KvCache dense, ReadOnlyMemory<long> ids, IEnumerable<JobWork> work, ITokenizer? tokenizer, CancellationToken cancel)
    {
        foreach (var sharing in work.GroupBy(job => job.Compressor))
        {
            var clock = DeviceClock.StartNew(model.Device);
            sharing.Key.Prepare(new PromptAccess(model, dense, ids, tokenizer, cancel));
            var preparation = clock.Elapsed;
            foreach (var job in sharing)
            {
                cancel.ThrowIfCancellationRequested();
                job.Spend(preparation);
                job.Plan();
                for (var l = 0; l < model.Config.Layers; l++)
                {
                    using var scope = NewDisposeScope();
                    var (keys, values) = dense.Layers[l].Tail.Joined();
                    job.Compress(new LayerContext { Layer = l, Config = model.Config, Rotary = model.Rotary, Keys = keys[0], Values = values[0] });
                }
            }
        }
    }

    private static LayerContext Context(LanguageModel model, LayerCapture capture, AttentionStatistics? statistics) => new()
    {
        Layer = capture.Layer,
        Config = model.Config,
        Rotary = model.Rotary,
        Keys = capture.Keys[0],
        Values = capture.Values[0],
        CapturedPreRopeKeys = capture.PreRopeKeys?[0],
        Queries = capture.Queries?[0],
        PreRopeQueries = capture.PreRopeQueries?[0],
        Hidden = capture.AttentionInput?[0],
        Statistics = statistics,
    };

    private static WorkerPool? OnCpu(LanguageModel model) => model.Device.type == TorchSharp.DeviceType.CPU ? model.Pool : null;

    private static CaptureNeeds Captures(CompressorNeeds needs) =>
        (needs.HasFlag(CompressorNeeds.Statistics) || needs.HasFlag(CompressorNeeds.Queries) ? CaptureNeeds.Queries : 0)
        | (needs.HasFlag(CompressorNeeds.PreRopeKeys) ? CaptureNeeds.PreRopeKeys : 0)
        | (needs.HasFlag(CompressorNeeds.PreRopeQueries) ? CaptureNeeds.PreRopeQueries : 0)
        | (needs.HasFlag(CompressorNeeds.Hidden) ? CaptureNeeds.AttentionInput : 0);

    /// <summary>One job while its layers come in.</summary>
    private sealed class JobWork : IDisposable
    {
        private readonly CompressionJob job;
        private readonly PlanContext context;
        private readonly KvCache cache;
        private BudgetPlan? plan;
        private TimeSpan spent;

        public JobWork(LanguageModel model, CompressionJob job, int tokens)
        {
            this.job = job;
            context = new PlanContext(tokens, model.Config.Layers, model.Config.KeyValueHeads, job.Ratio) { Asked = job.Asked };
            cache = model.NewCache(1);
        }

        public IKvCompressor Compressor => job.Compressor;

        public bool NeedsModel => job.Compressor.Needs.HasFlag(CompressorNeeds.ModelPasses);

        public void Spend(TimeSpan time) => spent += time;

        public void Plan()
        {
            plan = job.Compressor.Plan(context);
            if (job.GoesOn) plan = plan with { Layers = [.. plan.Layers.Select(layer => layer with { GoesOn = true })] };
            // Each head's slots are held to the plan below; here the plan is held to what all methods of a table are compared at.
            var most = plan.Most(context);
            if (plan.Total > most)
                throw new CompressionException($"{plan.Total} slots were planned where {context.Layers} layers of {context.KeyValueHeads} KV heads may have {most}: {plan.SlotsPerHead} a head{(plan.SlotsOfWholeHeads > 0 ? $" and {plan.SlotsOfWholeHeads} for heads that stay whole," : "")} for {context.Tokens} tokens at {context.Ratio}:1; this is a defect of the method");
        }

        public void Compress(LayerContext layer)
        {
            var clock = DeviceClock.StartNew(layer.Keys.device);
            var before = layer.Statistics?.TotalCost ?? TimeSpan.Zero;
            layer.Statistics?.BeginUse();
            var budget = plan!.Layers[layer.Layer];
            var compressed = job.Compressor.Compress(layer, budget);
            spent += clock.Elapsed;
            if (layer.Statistics is { } statistics) spent += statistics.CostOfUse - (statistics.TotalCost - before);
            cache.Layers[layer.Layer].Replace(compressed);
            if (compressed.Batch != 1 || compressed.KeyValueHeads != context.KeyValueHeads || compressed.Keys.shape[1] != layer.Config.HeadDim)
                throw new CompressionException($"layer {layer.Layer}: 1 sample of {context.KeyValueHeads} KV heads of width {layer.Config.HeadDim} was planned, the method gave {compressed.Batch} of {compressed.KeyValueHeads} heads of width {compressed.Keys.shape[1]}; this is a defect of the method");
            RequirePlanned(layer.Layer, budget, compressed);
            job.OnLayer?.Invoke(layer, budget, compressed);
        }

        private void RequirePlanned(int layer, LayerBudget budget, CompressedLayer made)
        {
            if (budget.Rule == BudgetRule.WholeLayer && made.Slots != budget.Total)
                throw new CompressionException($"layer {layer}: planned {budget.Total} slots, the method kept {made.Slots} of {context.KeyValueHeads} heads of {context.Tokens}; this is a defect of the method");
            for (var h = 0; h < context.KeyValueHeads; h++)
            {
                var (kept, planned) = (made.Length(0, h), budget.SlotsByHead[h]);
                var most = budget.Rule is BudgetRule.EachHead or BudgetRule.AtMost ? planned : context.Tokens;
                if (kept > most || (budget.Rule == BudgetRule.EachHead && kept != planned))
                    throw new CompressionException($"layer {layer}, head {h}: planned {most} slots{(budget.Rule == BudgetRule.EachHead ? "" : " at most")}, the method kept {kept} of {context.Tokens}; this is a defect of the method");
            }
        }

        public CompressedPrompt Finish()
        {
            cache.NextPositions[0] = job.Compressor.NextPosition(context, plan!);
            return new CompressedPrompt(cache, plan!, spent.TotalMilliseconds);
        }

        public void Dispose() => cache.Dispose();
    }
}
