using LST.Core.Sidecar;
using static TorchSharp.torch;

namespace LST.Core.Training;

/// <summary>Everything that a run needs to go on: parameters, moments, the best parameters so far, and where it is.</summary>
internal sealed class TrainingState : IDisposable
{
    private readonly Dictionary<string, Tensor> best;

    public TrainingState(SidecarModule sidecar, AdamW optimizer)
    {
        (Sidecar, Optimizer) = (sidecar, optimizer);
        Levels = zeros(sidecar.Config.Model.Layers, sidecar.Config.Model.KeyValueHeads, float32).DetachFromDisposeScope();
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        best = sidecar.Parameters.ToDictionary(p => p.Key, p => p.Value.detach().clone().DetachFromDisposeScope());
    }

    public SidecarModule Sidecar { get; private set; }

    public AdamW Optimizer { get; }

    /// <summary>Running mean cost of each head, of sidecars that choose tokens [L, H_kv] float32.</summary>
    public Tensor Levels { get; }

    /// <summary>Changes the sidecar's options behind the last step; the numbers stay.</summary>
    public void Use(SidecarConfig config)
    {
        var old = Sidecar;
        Sidecar = old.With(config);
        old.Dispose();
    }

    /// <summary>Takes the parameters as the file will hold them, so that what is measured of them holds for the file.</summary>
    public void Round()
    {
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        foreach (var parameter in Sidecar.Parameters.Values) parameter.copy_(parameter.to(bfloat16));
    }

    /// <summary>Steps done.</summary>
    public int Step { get; set; }

    /// <summary>The validation that the best parameters had; null: none yet.</summary>
    public ValidationResult? Best { get; private set; }

    /// <summary>All validations so far.</summary>
    public List<ValidationResult> Validations { get; init; } = [];

    /// <summary>Parameters of the best validation.</summary>
    public IReadOnlyDictionary<string, Tensor> BestParameters => best;

    /// <summary>Takes the current parameters as the best where they are.</summary>
    public void Consider(ValidationResult result)
    {
        Validations.Add(result);
        if (!result.IsCandidate || (Best is not null && !(result.Mean < Best.Mean))) return;
        Best = result;
        using var noGradients = no_grad();
        foreach (var (name, parameter) in Sidecar.Parameters) best[name].copy_(parameter);
    }

    /// <summary>Sets the best after reading.</summary>
    public void Restore(int step, ValidationResult? bestResult) => (Step, Best) = (step, bestResult);

    /// <summary>Every tensor by name, for a checkpoint.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Tensors =>
    [
        .. Sidecar.Parameters.Select(p => KeyValuePair.Create("parameter." + p.Key, p.Value)),
        .. best.Select(p => KeyValuePair.Create("best." + p.Key, p.Value)),
        .. Optimizer.State,
        KeyValuePair.Create("choice.levels", Levels),
        KeyValuePair.Create("input.mean", Sidecar.Scale.Mean), KeyValuePair.Create("input.deviation", Sidecar.Scale.Deviation),
    ];

    public void Dispose()
    {
        foreach (var tensor in best.Values) tensor.Dispose();
        Levels.Dispose();
        Optimizer.Dispose();
        Sidecar.Dispose();
    }
}
