using LST.Core.Models;
using LST.Evaluation;
using LST.Evaluation.Perplexity;

namespace LST.Notebooks.Display;

/// <summary>Models as tables of their shape, size and identity.</summary>
internal static class ModelDisplay
{
    public static void Register()
    {
        Displays.Show<LanguageModel>(Of);
        Displays.Show<LoadedModel>(Of);
        Displays.Show<ModelConfig>(config => Table.OfPairs($"Model shape: {config.ModelType}", Shape(config)));
    }

    private static Table Of(LanguageModel model) => Table.OfPairs($"Model {model.Name}",
        [.. Shape(model.Config), ("weights", $"{Visible.Bytes(model.WeightBytes)} in {PerplexityNames.Dtype(model.Dtype)} on {model.Device}")]);

    private static Table Of(LoadedModel loaded) => Table.OfPairs($"Model {loaded.Identity.Name}",
    [
        ("parameters", Visible.Number(loaded.Identity.Parameters)), .. Shape(loaded.Model.Config),
        ("weights", $"{Visible.Bytes(loaded.Model.WeightBytes)} in {PerplexityNames.Dtype(loaded.Model.Dtype)} on {loaded.Model.Device}, from {loaded.Identity.File}, sha256 {loaded.Identity.WeightsSha256[..16]}…"),
    ]);

    private static (string, string)[] Shape(ModelConfig config) =>
    [
        ("layers", $"{config.Layers}, hidden size {Visible.Number(config.HiddenSize)}"),
        ("heads", $"{config.QueryHeads} for queries, {config.KeyValueHeads} for keys and values, of {config.HeadDim}"),
        ("vocabulary", Visible.Number(config.VocabularySize)),
        ("positions", Visible.Number(config.MaxPositions) + (config.SlidingWindow is { } window ? $", window {Visible.Number(window)}" : "")),
    ];
}
