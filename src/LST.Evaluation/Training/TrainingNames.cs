using System.Text.Json.Nodes;
using LST.Core.Training;

namespace LST.Evaluation.Training;

/// <summary>How records spell a training run.</summary>
internal static class TrainingNames
{
    public static JsonObject Json(TrainingRequest request, TrainingOptions options, int prefix) => new()
    {
        ["texts"] = new JsonArray([.. request.Texts.Select(text => JsonValue.Create(Path.GetFileName(text)))]),
        ["tokens_of_text"] = request.TokensOfText,
        ["development_texts"] = new JsonArray([.. request.DevelopmentTexts.Select(text => JsonValue.Create(Path.GetFileName(text)))]),
        ["development_chunks"] = request.DevelopmentChunks,
        ["recall_items"] = request.RecallItems,
        ["query_prompts"] = request.QueryPrompts,
        ["prefix"] = prefix,
        ["suffix"] = request.Suffix,
        ["kinds"] = new JsonObject { ["text"] = request.Kinds.Text, ["repeat"] = request.Kinds.Repeat, ["recall"] = request.Kinds.Recall, ["ruler"] = request.Kinds.Ruler },
        ["steps"] = options.Steps,
        ["sequences"] = options.Sequences,
        ["pool"] = options.Pool,
        ["head_sequences"] = options.HeadSequences,
        ["learning_rate"] = options.LearningRate,
        ["warmup"] = options.Warmup,
        ["schedule"] = options.Schedule.ToString().ToLowerInvariant(),
        ["weight_decay"] = options.WeightDecay,
        ["clip"] = options.Clip,
        ["calibration"] = options.Calibration,
        ["losses"] = Json(options.Losses),
    };

    private static JsonObject Json(LossSettings losses) => new()
    {
        ["lm"] = losses.CrossEntropy,
        ["kl"] = losses.Divergence,
        ["qpaa"] = losses.Alignment,
        ["diversity"] = losses.Diversity,
        ["qpaa_form"] = losses.AlignmentForm.ToString(),
        ["qpaa_log_sum_exp"] = losses.AlignmentSettings.LogSumExpWeight,
        ["qpaa_normalization"] = losses.AlignmentSettings.Normalization.ToString(),
        ["probes"] = losses.Probes,
        ["probe_count"] = losses.ProbeCount,
        ["diversity_kind"] = losses.DiversitySettings.Kind.ToString(),
        ["diversity_target"] = losses.DiversitySettings.Target.ToString(),
    };
}
