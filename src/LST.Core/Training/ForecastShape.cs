using LST.Core.Losses.Probes;
using LST.Core.Models;
using LST.Core.Models.Checkpoints;
using LST.Core.Sidecar;
using static TorchSharp.torch;

namespace LST.Core.Training;

/// <summary>Sizes that time and memory are both made of. All in numbers, not in bytes, unless they say so.</summary>
internal sealed record ForecastShape(ModelConfig Model, ScalarType Dtype, TrainingOptions Options, ForecastData Data)
{
    /// <summary>Bytes of one number of the model.</summary>
    public long Size => Dtype == float32 ? 4 : 2;

    public SidecarConfig Sidecar => Options.Sidecar;

    /// <summary>H_q·D.</summary>
    public long QueryWidth => (long)Model.QueryHeads * Model.HeadDim;

    /// <summary>H_kv·D.</summary>
    public long KeyWidth => (long)Model.KeyValueHeads * Model.HeadDim;

    /// <summary>Numbers of one layer's matrices.</summary>
    public long LayerWeights => (long)Model.HiddenSize * (2 * QueryWidth + 2 * KeyWidth + 3L * Model.IntermediateSize);

    /// <summary>Numbers of all weights, and of the largest one.</summary>
    public (long All, long Largest) Weights
    {
        get
        {
            var each = WeightPlan.Of(Model).Select(weight => weight.Shape.Aggregate(1L, (a, b) => a * b)).ToList();
            return (each.Sum(), each.Max());
        }
    }

    /// <summary>n, the slots of a head at the mildest ratio.</summary>
    public long Slots => Options.Ratios.Max(ratio => Math.Clamp(ratio.Slots(Data.Prefix), 1, Data.Prefix));

    /// <summary>N, windows of a layer over its heads: as many as the slots that are not protected.</summary>
    public long Windows
    {
        get
        {
            var ratio = Options.Ratios.MaxBy(r => r.Slots(Data.Prefix));
            var plans = HeadBudgets.Of(Sidecar, new Compression.PlanContext(Data.Prefix, Model.Layers, Model.KeyValueHeads, ratio));
            return plans.Max(heads => heads.Sum(plan => (long)(plan?.Windows.Count ?? 0)));
        }
    }

    public bool RunsModel => Options.Losses.CrossEntropy > 0 || Options.Losses.Divergence > 0;

    public bool Aligns => Options.Losses.Alignment > 0;

    /// <summary>Bytes of one prepared sequence.</summary>
    public long PreparedBytes(long suffix, bool forTraining)
    {
        var needs = forTraining && Aligns ? ProbeSources.Parse(Options.Losses.Probes).Needs : ProbeNeeds.None;
        var queries = Sidecar.Refit != RefitProbes.None || needs.HasFlag(ProbeNeeds.PreRopeQueries) ? QueryWidth * Data.Prefix : 0;
        var repeats = needs.HasFlag(ProbeNeeds.RepeatQueries) ? QueryWidth * Math.Min(256, Data.Prefix) : 0;
        return Size * (Model.Layers * (2 * KeyWidth * Data.Prefix + queries + repeats) + suffix * Model.HiddenSize);
    }

    /// <summary>Sequences that the store can hold.</summary>
    public long SequencesHeld => Math.Max(1, Options.StoreBytes / PreparedBytes(Data.Suffix, true));
}
