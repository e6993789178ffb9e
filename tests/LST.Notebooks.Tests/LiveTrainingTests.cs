using LST.Core;
using LST.Core.Training;
using LST.Evaluation;
using LST.Evaluation.Training;
using LST.Notebooks.Tests.Runner;

namespace LST.Notebooks.Tests;

/// <summary>Training and measuring inside a notebook, on the model that ships.</summary>
public sealed class LiveTrainingTests : IDisposable
{
    private const string Usings = "using LST.Core.Compression;\nusing LST.Evaluation.Training;\nusing LST.Notebooks;\nvar model = Open.Model(\"lst-ref\");";

    private const string Training = """
        var request = new TrainingRequest
        {
            Steps = 3, Pool = 3, Prefix = 128, Suffix = 32, HeadSequences = 1, Calibration = 2, ValidateEvery = 3,
            Texts = ["api-train"], TokensOfText = 20000, Kinds = new(1, 0, 0, 0), DevelopmentTexts = ["api-dev"], DevelopmentChunks = 1, RecallItems = 0,
        };
        var trained = LiveTraining.Run(model, request, "test-of-live-training");
        trained
        """;

    [Fact]
    public async Task A_cell_trains_shows_bar_and_curve_and_its_sidecar_is_used_by_the_next()
    {
        var run = await Invented.Succeed(Invented.Of(
            Invented.Bootstrap, Usings, Training,
            "var written = Writing.Of(model, Open.Ids(model, \"api-dev\", count: 120), \"lst\", ratio: 2, tokens: 4, sidecar: trained.File);\nConsole.WriteLine(written.Ids.Count);"));

        var outputs = run.Outputs("c3");
        Assert.StartsWith("lst-ref · lst · 2:1: 3/3 steps", outputs[0]!.Text());
        Assert.Contains("step 3: perplexity over dense api-dev", outputs[0]!.Text());
        Assert.StartsWith("Curves over 3 training steps of 1 run: loss of the tokens’ importance; perplexity over dense, development text.", outputs[1]!.Text());
        Assert.Matches(@"^[\d,]+ parameters, best step \d of 3: perplexity over dense api-dev \d\.\d{4}$", outputs[2]!.Text());
        Assert.DoesNotContain(Workbench.Root, string.Concat(outputs.Select(output => output!.ToJsonString())));
        Assert.Equal("4\n", run.Outputs("c4")[0]!.Text());
        Assert.Equal(["api-train", "api-dev"], run.Texts.Take(2));
        Assert.DoesNotContain(run.Read, file => file.EndsWith("best.safetensors", StringComparison.Ordinal));
    }

    [Fact]
    public void A_measurement_has_dense_in_front_and_no_record()
    {
        var table = Measure.Perplexity(Open.Model("lst-ref"), "api-dev", chunks: 1, ratio: 4, ["mean", "streaming"]);

        Assert.Equal([("dense", 1.0), ("mean", 4.0), ("streaming", 4.0)], table.Rows.Select(row => (row.Row.Method, row.Row.Ratio)));
        Assert.Equal("computed live", table.Records[0].Id);
    }

    [Fact]
    public void A_name_that_another_training_has_is_refused_and_its_files_stay()
    {
        var folder = Directory.CreateDirectory(Folder("test-of-two-trainings")).FullName;
        File.WriteAllText(Path.Combine(folder, "checkpoint"), "of the other");
        using var other = new RunLock(folder);

        var error = Assert.Throws<DataException>(() => LiveTraining.Run(Open.Model("lst-ref"), new TrainingRequest { Steps = 1, Texts = ["api-train"], DevelopmentTexts = ["api-dev"] }, "test-of-two-trainings"));

        Assert.Contains("another run is writing into this folder; wait for its end", error.Message);
        Assert.Equal("of the other", File.ReadAllText(Path.Combine(folder, "checkpoint")));
    }

    [Fact]
    public void What_must_not_be_trained_on_and_names_that_are_none_are_refused()
    {
        var model = Open.Model("lst-ref");

        Assert.Contains("'../x'", Assert.Throws<UsageException>(() => LiveTraining.Run(model, new TrainingRequest { Steps = 1 }, "../x")).Message);
        Assert.Contains("role", Assert.Throws<UsageException>(() => LiveTraining.Run(model, new TrainingRequest { Steps = 1, Texts = ["api"] }, "refused")).Message);
    }

    public void Dispose()
    {
        foreach (var name in new[] { "test-of-live-training", "test-of-two-trainings" })
            if (Directory.Exists(Folder(name))) Directory.Delete(Folder(name), recursive: true);
    }

    private static string Folder(string name) => Path.Combine(ProjectFolders.Work!, "notebooks", name);
}
