using LST.Notebooks.Figures;

namespace LST.Notebooks.Tests.Figures;

/// <summary>Every figure, in small (snapshots) and as a notebook draws it.</summary>
internal static class SampleFigures
{
    public static Dictionary<string, Func<Figure>> Small { get; } = new()
    {
        ["perplexity"] = () => Draw.PerplexityByRatio(SampleTables.Invented),
        ["pareto"] = () => Draw.Pareto(SampleTables.Invented),
        ["scores"] = () => Draw.ScoresByRatio(SampleScores.Small, SampleScores.Losses),
        ["score-grid"] = () => Draw.ScoreGrid(SampleScores.Small, 4),
        ["score-pareto"] = () => Draw.ScorePareto(SampleScores.Small),
        ["attention"] = () => Draw.AttentionHeatMap(new SampleViews(1).Attention(6, 8)),
        ["needles"] = () => Draw.NeedleGrid(SampleViews.Needles()),
        ["ingredients"] = () => Draw.IngredientsStrip(new SampleViews(2).Strip(22, 4)),
        ["ledger"] = () => Draw.MassLedger(new SampleViews(3).Ledger(22, 4, 3)),
        ["fates"] = () => Draw.TokenFateMap(new SampleViews(21).Fates(20, 2, "mean", "h2o", "lst")),
        ["fates-one"] = () => Draw.TokenFateMap(new SampleViews(22).Fates(20, 1, "kvmerger")),
        ["fates-rows"] = () => Draw.TokenFateRows(new SampleViews(30).Fates(20, 1, "cam", "h2o")),
        ["budgets"] = () => Draw.BudgetGrid(new SampleViews(23).Budgets(3, 2, "snapkv", "adakv")),
        ["errors-methods"] = () => Draw.ErrorGrid(new SampleViews(24).ErrorsOf(3, 4, "h2o", "kvzip")),
        ["errors"] = () => Draw.ErrorGrid(new SampleViews(4).Errors(3, 4, 2, 4)),
        ["cloud"] = () => Draw.ProbeCloud(new SampleViews(5).Cloud(5, "LM", "LM + QPAA")),
        ["tails"] = () => Draw.ErrorTails(new SampleViews(6).Tails(30)),
        ["logmass"] = () => Draw.LogMassScatter(new SampleViews(7).LogMass(12)),
        ["story-choice"] = () => Draw.TrainingStory(new SampleViews(8).ChoiceStory(8, 4)),
        ["story"] = () => Draw.TrainingStory(new SampleViews(8).Story(8, 4)),
    };

    public static Dictionary<string, Func<Figure>> Real { get; } = new()
    {
        ["perplexity-one"] = () => Draw.PerplexityByRatio(SampleTables.Committed.Single(table => table.Records[0].Model.Name == "lst-ref" && table.Records[0].Text.Name == "api")),
        ["perplexity-all"] = () => Draw.PerplexityByRatio(SampleTables.Committed),
        ["pareto-one"] = () => Draw.Pareto(SampleTables.Committed.Single(table => table.Records[0].Model.Name == "lst-ref" && table.Records[0].Text.Name == "wikitext2")),
        ["pareto-all"] = () => Draw.Pareto(SampleTables.Committed),
        ["scores-wide"] = () => Draw.ScoresByRatio(SampleScores.Wide),
        ["scores-two"] = () => Draw.ScoresByRatio(SampleScores.Wide, SampleScores.Small),
        ["score-grid-wide"] = () => Draw.ScoreGrid(SampleScores.Wide, 4),
        ["score-pareto-two"] = () => Draw.ScorePareto(SampleScores.Wide, SampleScores.Losses),
        ["attention-long"] = () => Draw.AttentionHeatMap(new SampleViews(11).Attention(100, 300)),
        ["ingredients-long"] = () => Draw.IngredientsStrip(new SampleViews(12).Strip(300, 4)),
        ["ledger-long"] = () => Draw.MassLedger(new SampleViews(13).Ledger(400, 4, 16)),
        ["ledger-words"] = () => Draw.MassLedger(new SampleViews(13).Ledger(60, 4, 8)),
        ["fates-all"] = () => Draw.TokenFateMap(new SampleViews(25).Fates(110, 8, [.. Palette.Methods.Except(["dense"])])),
        ["fates-long"] = () => Draw.TokenFateMap(new SampleViews(26).Fates(400, 2, "mean", "h2o"), firstToken: 100),
        ["budgets-ref"] = () => Draw.BudgetGrid(new SampleViews(27).Budgets(8, 4, "snapkv", "pyramidkv", "adakv", "kvzip", "lst")),
        ["budgets-wide"] = () => Draw.BudgetGrid(new SampleViews(28).Budgets(30, 3, "pyramidkv", "lst")),
        ["errors-six"] = () => Draw.ErrorGrid(new SampleViews(29).ErrorsOf(8, 8, "streaming", "h2o", "snapkv", "kvzip", "attention-matching", "lst")),
        ["errors-ref"] = () => Draw.ErrorGrid(new SampleViews(14).Errors(8, 8, 2, 4, 8)),
        ["errors-wide"] = () => Draw.ErrorGrid(new SampleViews(15).Errors(30, 9, 2, 4, 8)),
        ["cloud-three"] = () => Draw.ProbeCloud(new SampleViews(16).Cloud(150, "untrained", "LM", "LM + QPAA")),
        ["tails-long"] = () => Draw.ErrorTails(new SampleViews(17).Tails(5000)),
        ["logmass-many"] = () => Draw.LogMassScatter(new SampleViews(18).LogMass(6000)),
        ["story-budgets"] = () => Draw.TrainingStory(new SampleViews(20).ChoiceStory(256, 64)),
        ["story-long"] = () => Draw.TrainingStory(new SampleViews(19).Story(1000, 100)),
    };

    public static Figure Of(string name) => (Small.GetValueOrDefault(name) ?? Real[name])();

    public static TheoryData<string> SmallNames => [.. Small.Keys];

    public static TheoryData<string> RealNames => [.. Real.Keys];

    public static TheoryData<string> AllNames => [.. Small.Keys.Concat(Real.Keys)];
}
