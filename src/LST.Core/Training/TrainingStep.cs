using LST.Core.Caching;
using LST.Core.Compression;
using LST.Core.Losses;
using LST.Core.Losses.Probes;
using LST.Core.Models;
using LST.Core.Sidecar;
using static TorchSharp.torch;

namespace LST.Core.Training;

/// <summary>
/// Gradients of the losses of one sequence with respect to the sidecar's parameters, added to what they hold. The prefix's keys and values are given; the
/// continuation runs over the compressed cache of every layer, and back through the frozen model.
/// </summary>
internal sealed class TrainingStep(LanguageModel model, SidecarModule sidecar, LossSettings losses, IReadOnlyList<QueryStatistics>? statistics)
{
    internal const string RaggedSentence = "the per-window form of QPAA and the diversity loss need the same budget for every head of a layer; train with --head-budgets 0 and without head_slots and head_recent, or with --lambda-div 0 and --qpaa-form full-cache";
    internal const long MostGraphBytes = 2L << 30;
    private readonly IProbeSource probes = ProbeSources.Parse(losses.Probes);

    /// <summary>Graphs of all layers that together take less are kept from the way there to the way back.</summary>
    internal long GraphBytes { get; init; } = MostGraphBytes;

    /// <summary>Whether anything runs through the model; else the layers are trained on QPAA alone.</summary>
    private bool RunsModel => losses.CrossEntropy > 0 || losses.Divergence > 0;

    /// <summary>Adds one sequence.</summary>
    /// <param name="prepared">The sequence.</param>
    /// <param name="ratio">At what it is compressed.</param>
    /// <param name="scale">Factor on its losses: 1 / sequences of the step.</param>
    /// <param name="generator">For probes; its state moves on.</param>
    public StepLosses Accumulate(PreparedPrefix prepared, Ratio ratio, double scale, Generator generator)
    {
        using var pause = CollectionPause.Begin();
        using var scope = NewDisposeScope();
        using var windows = new SequenceWindows(model, sidecar.Config, prepared.Sequence.Prefix, ratio);
        var result = new StepLosses();
        IReadOnlyList<LayerGradient?> arriving = new LayerGradient?[model.Config.Layers];
        // Graphs that are small enough stay from here to the way back; else each layer is compressed again there.
        var graphs = new LayerGraph?[model.Config.Layers];
        if (RunsModel)
        {
            var layers = new List<CompressedLayer>();
            var keepsGraphs = KeepsGraphs(sidecar.Config, Enumerable.Range(0, model.Config.Layers).Sum(l => (long)(windows.Of(l)?.Windows ?? 0)), GraphBytes);
            try
            {
                using (keepsGraphs ? enable_grad() : no_grad())
                    for (var l = 0; l < model.Config.Layers; l++)
                    {
                        if (keepsGraphs) graphs[l] = Graph(prepared, l, windows);
                        layers.Add(graphs[l]?.Packed ?? Compressed(prepared, l, windows));
                    }
                arriving = SegmentGradient.Of(model, layers, prepared.Sequence.Prefix, prepared.Sequence.Inputs, hidden =>
                {
                    using var gradient = LanguageModelLoss.Evaluate(hidden, model.Head, Targets(prepared), losses.Divergence > 0 ? prepared.DenseHidden : null, losses.CrossEntropy, losses.Divergence, Weights(prepared));
                    result += new StepLosses(gradient.CrossEntropy, gradient.Divergence, 0, 0);
                    return gradient.HiddenGradient * scale;
                });
            }
            finally
            {
                // Those without a graph belong to no scope.
                for (var l = 0; l < layers.Count; l++)
                    if (graphs[l] is null) layers[l].Dispose();
            }
        }
        for (var l = 0; l < model.Config.Layers; l++) result += Backward(prepared, l, windows, graphs[l], arriving[l], scale, generator);
        return result;
    }

    /// <summary>Whether the graphs of so many windows, over all layers, are small enough: about how many numbers they hold as inputs and hidden layers.</summary>
    internal static bool KeepsGraphs(SidecarConfig config, long windows, long most)
    {
        var perWindow = config.SeenTokens * (long)(config.Network == SidecarNetwork.Encoder ? 16 * config.Hidden : config.Rank) + 6L * config.Hidden + 8L * config.LongestWindow * config.Model.HeadDim;
        return 4 * perWindow * windows < most;
    }

    // One layer's super-tokens with their graph.
    private LayerGraph? Graph(PreparedPrefix prepared, int layer, SequenceWindows windows)
    {
        if (windows.Of(layer) is not { } batch) return null;
        using var scope = NewDisposeScope();
        var context = prepared.Context(layer, model);
        var made = sidecar.Compress(layer, sidecar.Config.KeySpace == KeySpace.PreRope ? context.PreRopeKeys() : context.Keys, context.Values, batch);
        var packed = made.Packed(context.Keys, context.Values, batch);
        if (sidecar.Config.Refit != RefitProbes.None)
            packed = ValueRefit.Apply(packed, context.Keys, context.Values, FutureQueries.Of(context, sidecar.Config.RefitQueries), batch, sidecar.Config.RefitStrength);
        foreach (var kept in new[] { made.Keys, made.Values, made.Bias, packed.Keys, packed.Values, packed.Bias }.OfType<Tensor>()) kept.MoveToOuterDisposeScope();
        return new LayerGraph(made, packed);
    }

    // From what arrives at the layer's super-tokens to the parameters.
    private StepLosses Backward(PreparedPrefix prepared, int layer, SequenceWindows windows, LayerGraph? kept, LayerGradient? arriving, double scale, Generator generator)
    {
        if (windows.Of(layer) is not { } batch) return default;
        using var scope = NewDisposeScope();
        using var gradients = enable_grad();
        var context = prepared.Context(layer, model);
        var (made, packed) = kept ?? Graph(prepared, layer, windows)!;
        // Its padded view, which QPAA asks for, is in no scope.
        using var owned = packed;
        List<Tensor> roots = [], incoming = [];
        void Root(Tensor? tensor, Tensor? gradient)
        {
            if (tensor is not { requires_grad: true } || gradient is null) return;
            roots.Add(tensor);
            incoming.Add(gradient);
        }
        Root(packed.Keys, arriving?.Keys);
        Root(packed.Values, arriving?.Values);
        Root(packed.Bias, arriving?.Bias);
        var (alignment, diversity) = (0.0, 0.0);
        var share = scale / model.Config.Layers;
        // Where all windows are wide the network has made nothing.
        if (losses.Alignment > 0 && (batch.Windows > 0 || losses.AlignmentForm == AlignmentForm.FullCache))
        {
            var loss = Alignment(prepared, layer, context, made, packed, batch, generator);
            alignment = loss.item<float>() / model.Config.Layers;
            Root(loss, full_like(loss, losses.Alignment * share));
        }
        if (losses.Diversity > 0 && batch.Windows > 0)
        {
            var loss = Diversity.Of(ByHead(made.Keys, batch), ByHead(made.Values, batch), losses.DiversitySettings, context.Keys, context.Values);
            diversity = loss.item<float>() / model.Config.Layers;
            Root(loss, full_like(loss, losses.Diversity * share));
        }
        if (roots.Count > 0) autograd.backward(roots, incoming);
        return new StepLosses(0, 0, alignment, diversity);
    }

    private CompressedLayer Compressed(PreparedPrefix prepared, int layer, SequenceWindows windows)
    {
        using var scope = NewDisposeScope();
        var context = prepared.Context(layer, model);
        if (windows.Of(layer) is not { } batch) return Selection.Identity(context);
        return SuperTokenCompressor.Compress(sidecar, context, batch).Detached();
    }

    private Tensor Alignment(PreparedPrefix prepared, int layer, LayerContext context, SuperTokens made, CompressedLayer packed, WindowBatch batch, Generator generator)
    {
        Tensor drawn;
        using (no_grad())
            drawn = probes.Draw(new ProbeContext
            {
                Layer = layer, QueryHeads = model.Config.QueryHeads, KeyValueHeads = model.Config.KeyValueHeads, HeadDim = model.Config.HeadDim, Rotary = model.Rotary,
                Tokens = prepared.Sequence.Prefix, Horizon = prepared.Sequence.Suffix, PreRopeQueries = context.PreRopeQueries, RepeatQueries = prepared.Layers[layer].RepeatQueries,
                Statistics = statistics?[layer], Device = model.Device,
            }, losses.ProbeCount, generator);
        if (losses.AlignmentForm == AlignmentForm.PerWindow)
        {
            var bias = made.Bias is null ? null : ByHead(made.Bias.unsqueeze(1), batch).view(batch.Plans.Count, -1, batch.SuperTokens);
            Tensor Windows(Tensor rows) => Sidecar.Networks.WindowMath.Own(rows, batch, sidecar.Config).view(batch.Plans.Count, -1, sidecar.Config.LongestWindow, model.Config.HeadDim);
            Tensor Supers(Tensor rows) => ByHead(rows, batch).view(batch.Plans.Count, -1, batch.SuperTokens, model.Config.HeadDim);
            return QueryProbingAttentionAlignment.PerWindow(drawn, Windows(context.Keys), Windows(context.Values), (batch.Inside > 0).view(batch.Plans.Count, -1, sidecar.Config.LongestWindow),
                Supers(made.Keys), Supers(made.Values), bias, losses.AlignmentSettings);
        }
        var (keys, values, mask) = packed.Padded();
        return QueryProbingAttentionAlignment.FullCache(drawn, context.Keys, context.Values, keys[0], values[0], mask?[0], losses.AlignmentSettings);
    }

    // Packed rows of super-tokens as [H_kv, N/H_kv·m, F]; heads have equally many windows unless budgets differ.
    private static Tensor ByHead(Tensor packed, WindowBatch batch) => batch.IsUniform
        ? packed.view(batch.Plans.Count, -1, packed.shape[1])
        : throw new UsageException(RaggedSentence);

    private Tensor Targets(PreparedPrefix prepared) => tensor(prepared.Sequence.Targets.ToArray(), device: model.Device);

    private sealed record LayerGraph(SuperTokens Made, CompressedLayer Packed);

    private Tensor? Weights(PreparedPrefix prepared) => prepared.Sequence.Weights is { } weights ? tensor(weights, device: model.Device) : null;
}
