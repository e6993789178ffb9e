using LST.Core.Models;
using LST.Core.Sidecar.Networks;
using static TorchSharp.torch;

namespace LST.Core.Sidecar;

/// <summary>
/// A sidecar in memory: options, parameters, input scale. Windows of keys and values in, super-tokens out:
/// k̃ = norm(Σ a_j k_j + σ_k ⊙ Δ_k), ṽ = norm(Σ b_j v_j + σ_v ⊙ Δ_v), β = log(w/m) + Δ_β, with a, b softmax weights inside the window (uniform where the base is
/// the mean). Pre-RoPE keys are turned to the window's position. Windows that are too long
/// for the network are plain means with their mass. With all learned parts at zero it is mean pooling.
/// </summary>
public sealed class SidecarModule : IDisposable
{
    private readonly ISuperTokenNetwork network;
    private readonly ImportanceNetwork? importance;
    private readonly Dictionary<string, Tensor> parameters;

    internal SidecarModule(SidecarConfig config, Dictionary<string, Tensor> parameters, InputScale scale)
    {
        (Config, this.parameters, Scale) = (config, parameters, scale);
        network = SuperTokenNetworks.Of(config);
        importance = config.Choice == TokenChoiceRule.Learned ? new ImportanceNetwork(config) : null;
    }

    /// <summary>Every option.</summary>
    public SidecarConfig Config { get; }

    /// <summary>Scale of the inputs.</summary>
    public InputScale Scale { get; private set; }

    /// <summary>Learned parameters by name, float32.</summary>
    public IReadOnlyDictionary<string, Tensor> Parameters => parameters;

    /// <summary>How many numbers are learned.</summary>
    public long ParameterCount => CountParameters(Config);

    /// <summary>Fresh parameters: mean pooling with mass, until it is trained.</summary>
    /// <param name="config">The options.</param>
    /// <param name="seed">Seed of the inner layers.</param>
    /// <param name="scale">Input scale, taken over; null: unit.</param>
    public static SidecarModule Untrained(SidecarConfig config, long seed = 0, InputScale? scale = null) =>
        new(config.Checked(), SuperTokenNetworks.Initial(SuperTokenNetworks.Shapes(config), seed), scale ?? InputScale.Unit(config));

    /// <summary>The same numbers under other options; copies.</summary>
    internal SidecarModule With(SidecarConfig config)
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        return new SidecarModule(config, parameters.ToDictionary(p => p.Key, p => p.Value.detach().clone().DetachFromDisposeScope()),
            new InputScale(Scale.Mean.clone().DetachFromDisposeScope(), Scale.Deviation.clone().DetachFromDisposeScope()));
    }

    /// <summary>How many numbers a sidecar of these options learns.</summary>
    public static long CountParameters(SidecarConfig config) => SuperTokenNetworks.Shapes(config).Sum(shape => shape.Elements);

    /// <summary>Makes the super-tokens of one layer of one sample. Differentiable in the parameters; belongs to the current dispose scope.</summary>
    /// <param name="layer">Layer index.</param>
    /// <param name="keys">Keys in the sidecar's key space [H_kv, T, D], any floating dtype.</param>
    /// <param name="values">Values [H_kv, T, D].</param>
    /// <param name="batch">The windows.</param>
    public SuperTokens Compress(int layer, Tensor keys, Tensor values, WindowBatch batch)
    {
        var (k, v) = (keys.to(float32), values.to(float32));
        var wideKeys = WideKeys(Config, k, batch);
        if (batch.Windows == 0) return new SuperTokens(zeros(0, Config.Model.HeadDim, float32, k.device), zeros(0, Config.Model.HeadDim, float32, k.device), null, null, null, wideKeys);
        var outputs = network.Forward(parameters, layer, Scale.Apply(layer, k, v), batch);
        var own = WindowMath.Own(cat([k, v], 2), batch, Config);                                        // [N, w_max, 2D]
        var (ownKeys, ownValues) = (own.narrow(2, 0, Config.Model.HeadDim), own.narrow(2, Config.Model.HeadDim, Config.Model.HeadDim));
        var isPooled = Config.Base == SuperTokenBase.Pooled;
        var (keyWeights, pooledKeys) = Pool(ownKeys, isPooled ? outputs.KeyLogits : null, batch);
        var (valueWeights, pooledValues) = Pool(ownValues, isPooled ? outputs.ValueLogits : null, batch);
        var superKeys = pooledKeys + outputs.KeyDelta * WindowMath.RowOfHead(Scale.KeyDeviation(layer), batch).unsqueeze(1);
        var superValues = pooledValues + outputs.ValueDelta * WindowMath.RowOfHead(Scale.ValueDeviation(layer), batch).unsqueeze(1);
        if (Config.Norm == NormRule.Hard) (superKeys, superValues) = (Imposed(superKeys, ownKeys, batch), Imposed(superValues, ownValues, batch));
        superKeys = superKeys.reshape(-1, Config.Model.HeadDim);
        if (Config.KeySpace == KeySpace.PreRope) superKeys = RotaryEmbedding.Rotate(superKeys, batch.Cos, batch.Sin);
        return new SuperTokens(superKeys, superValues.reshape(-1, Config.Model.HeadDim), LogMass(outputs.Bias, batch),
            isPooled ? keyWeights : null, isPooled ? valueWeights : null, wideKeys);
    }

    /// <summary>Log importance of each token of one layer [H_kv, T]; of sidecars that choose tokens.</summary>
    /// <param name="layer">Layer index.</param>
    /// <param name="keys">Keys in the sidecar's key space [H_kv, T, D].</param>
    /// <param name="values">Values [H_kv, T, D].</param>
    public Tensor Importance(int layer, Tensor keys, Tensor values) => importance!.Forward(parameters, layer, Scale, keys.to(float32), values.to(float32));

    /// <summary>Post-RoPE keys of wide windows, or null where there are none.</summary>
    /// <param name="config">Says in which space keys are pooled.</param>
    /// <param name="keys">Keys in that space [H_kv, T, D].</param>
    /// <param name="batch">The windows.</param>
    internal static Tensor? WideKeys(SidecarConfig config, Tensor keys, WindowBatch batch)
    {
        if (batch.Wide is not { } wide) return null;
        var means = wide.Means(keys);
        return config.KeySpace == KeySpace.PreRope ? wide.Place(means) : means;
    }

    /// <summary>Every parameter is told whether gradients are wanted.</summary>
    internal void RequireGradients(bool required)
    {
        foreach (var parameter in parameters.Values) parameter.requires_grad_(required);
    }

    /// <summary>Moves all tensors, once. Parameters stay leaves that want gradients as before.</summary>
    internal void To(Device device)
    {
        if (Scale.Mean.device == device) return;
        using var scope = NewDisposeScope();
        foreach (var (name, parameter) in parameters.ToList())
        {
            parameters[name] = parameter.detach().to(device).requires_grad_(parameter.requires_grad).DetachFromDisposeScope();
            parameter.Dispose();
        }
        var scale = new InputScale(Scale.Mean.to(device).DetachFromDisposeScope(), Scale.Deviation.to(device).DetachFromDisposeScope());
        Scale.Dispose();
        Scale = scale;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var parameter in parameters.Values) parameter.Dispose();
        Scale.Dispose();
    }

    // Softmax weights inside the window, or 1/w; [N, m, w_max] and [N, m, D].
    private static (Tensor Weights, Tensor Pooled) Pool(Tensor own, Tensor? logits, WindowBatch batch)
    {
        if (logits is null && batch.Prior is null)
        {
            var mean = (batch.Inside / batch.Lengths).unsqueeze(1);
            return (mean, Sums(mean, own));
        }
        var masked = batch.Hidden.unsqueeze(1);
        if (batch.Prior is not null) masked = masked + batch.Prior;
        var weights = (logits is null ? masked : logits + masked).softmax(-1);
        return (weights, Sums(weights, own));
    }

    // Weighted sums [N, m, D]. Thousands of products of one row are slower than one multiplication of everything.
    private static Tensor Sums(Tensor weights, Tensor own) =>
        weights.shape[1] > 1 ? matmul(weights, own) : (weights.transpose(1, 2) * own).sum(1, keepdim: true);

    // The mean norm of the window's rows.
    private static Tensor Imposed(Tensor made, Tensor own, WindowBatch batch)
    {
        var wanted = (own.norm(2) * batch.Inside).sum(1, keepdim: true) / batch.Lengths;                 // [N, 1]
        return made * (wanted.unsqueeze(2) / made.norm(2).unsqueeze(2).clamp_min(1e-6));
    }

    private Tensor? LogMass(Tensor? difference, WindowBatch batch)
    {
        if (Config.Bias == SlotBias.None) return null;
        var mass = (batch.Lengths / Config.SuperTokens).log().expand(-1, Config.SuperTokens);
        return (Config.Bias == SlotBias.Learned && difference is not null ? mass + difference : mass).reshape(-1);
    }
}
