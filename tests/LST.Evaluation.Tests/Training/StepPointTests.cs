using LST.Core;
using LST.Evaluation.Records;
using LST.Evaluation.Training;

namespace LST.Evaluation.Tests.Training;

/// <summary>Losses of steps in records, and the stories told from them.</summary>
public sealed class StepPointTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Records_without_steps_are_read_and_written_as_they_were()
    {
        var root = Path.Combine(Shared.RepositoryRoot, "data", "results", "training");
        var files = Directory.GetFiles(root, "*.json");

        Assert.NotEmpty(files);
        Assert.All(files, file =>
        {
            var record = RecordStore.Read<TrainingRecord>(file);
            if (record.StepPoints is null) Assert.Equal(File.ReadAllText(file).ReplaceLineEndings("\n"), RecordJson.Format((object)record));
        });
    }

    [Fact]
    public void A_record_keeps_its_steps()
    {
        var old = RecordStore.Read<TrainingRecord>(Directory.GetFiles(Path.Combine(Shared.RepositoryRoot, "data", "results", "training"), "*.json")[0]);
        var store = new RecordStore(folder.File("results"));

        var written = store.Write(old with { StepPoints = [new StepPoint(1, 2.5, 0, 0.5, 0, 0)] });

        Assert.Equal([new StepPoint(1, 2.5, 0, 0.5, 0, 0)], RecordStore.Read<TrainingRecord>(store.PathOf(written)).StepPoints);
    }

    [Fact]
    public void A_long_log_becomes_two_hundred_means()
    {
        var steps = StepPoint.ReadLog(Log(1000));

        Assert.Equal(200, steps.Count);
        Assert.Equal([5, 10, 15], steps.Take(3).Select(step => step.Step));
        Assert.Equal(1000, steps[^1].Step);
        Assert.Equal(3, steps[0].Lm, 1e-12);
        Assert.Equal(40, StepPoint.ReadLog(Log(40)).Count);
    }

    [Fact]
    public void A_log_that_is_none_is_refused_in_a_sentence()
    {
        File.WriteAllText(folder.File("log.jsonl"), "{\"step\":1,\"ce\":\n");

        Assert.Contains("'log.jsonl' cannot be read", Assert.Throws<DataException>(() => StepPoint.ReadLog(folder.File("log.jsonl"))).Message);
        Assert.Contains("'nowhere.jsonl' cannot be read", Assert.Throws<DataException>(() => StepPoint.ReadLog(folder.File("nowhere.jsonl"))).Message);
    }

    [Theory]
    [InlineData("{\"step\":5,\"c")]
    [InlineData("{\"step\":5,\"ce\":1}")]
    [InlineData("{")]
    public void The_line_that_is_being_written_is_left_out_while_the_writer_holds_the_file(string torn)
    {
        var path = Log(4);
        using var writer = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read);
        writer.Write(System.Text.Encoding.UTF8.GetBytes(torn));
        writer.Flush();

        Assert.Equal([1, 2, 3, 4], StepPoint.ReadLog(path).Select(step => step.Step));
        Assert.Equal([1, 2, 3, 4], TrainingStory.SoFar(path, "LM", 1, "live")!.Steps);
    }

    [Fact]
    public void A_story_has_the_held_out_curve_that_the_run_measured()
    {
        var record = RecordStore.Read<TrainingRecord>(Directory.GetFiles(Path.Combine(Shared.RepositoryRoot, "data", "results", "training"), "*paper-4x*.json")[0]);
        var asked = record with { Development = [.. record.Development.Select((point, i) => i == 1 ? point : point with { QueryError = 0.5 - (0.1 * i) })] };

        var story = TrainingStory.Of(asked, "LM", Log(4));

        Assert.Equal(record.Development.Select(point => point.Step), story.DevelopmentSteps);
        Assert.Equal(Math.Pow(record.Development[0].PplOverDense.Values.Aggregate((a, b) => a * b), 1.0 / 3), story.PplOverDense[0], 1e-9);
        Assert.Equal([1, 2, 3, 4], TrainingStory.SoFar(Log(4), "LM", 1, "live")!.Steps);
        Assert.Null(TrainingStory.SoFar(Log(1), "LM", 1, "live"));
        Assert.Null(TrainingStory.SoFar(folder.File("nowhere.jsonl"), "LM", 1, "live"));
        Assert.Equal(asked.Development.Where((_, i) => i != 1).Select(point => point.Step), story.ProbeSteps);
        Assert.Equal(0.5, story.ProbeError[0]);
        Assert.Empty(TrainingStory.Of(record, "LM", Log(4)).ProbeError);
    }

    [Fact]
    public void A_story_says_from_which_validation_on_heads_have_measured_budgets_and_keeps_quiet_where_none_differ()
    {
        var record = RecordStore.Read<TrainingRecord>(Directory.GetFiles(Path.Combine(Shared.RepositoryRoot, "data", "results", "training"), "*paper-4x*.json")[0]);
        int? From(params bool[] candidates) => TrainingStory.Of(record with { Development = [.. candidates.Select(candidate => record.Development[0] with { IsCandidate = candidate })] }, "lst", Log(4)).BudgetsFrom;

        Assert.Equal(2, From(false, false, true));
        Assert.Equal(1, From(false, true, true));
        Assert.Null(From(true, true));
        Assert.Null(From(false, false));
    }

    [Fact]
    public void A_story_weighs_qpaa_and_leaves_out_what_was_not_trained()
    {
        var record = RecordStore.Read<TrainingRecord>(Directory.GetFiles(Path.Combine(Shared.RepositoryRoot, "data", "results", "training"), "*paper-4x*.json")[0]);

        var story = TrainingStory.Of(record, "LM + QPAA", Log(4), StoryRole.Reference);

        Assert.Equal((record.Id, true), (story.RecordId, story.IsReference));
        Assert.Equal([1, 2, 3, 4], story.Steps);
        Assert.Equal([1, 2, 3, 4], story.LanguageLoss);
        Assert.Equal([0.25, 0.25, 0.25, 0.25], story.Qpaa);
        Assert.All(story.Diversity, value => Assert.Equal(double.NaN, value));
        Assert.Contains("has none", Assert.Throws<DataException>(() => TrainingStory.Of(record with { StepPoints = null }, "LM")).Message);
    }

    public void Dispose() => folder.Dispose();

    // Cross-entropy is the step's number; a validation stands between.
    private string Log(int steps)
    {
        var path = folder.File($"{steps}.jsonl");
        File.WriteAllLines(path, Enumerable.Range(1, steps).Select(step => $$"""{"step":{{step}},"ce":{{step}},"kl":0,"qpaa":0.5,"div":0,"importance":0,"seconds":1}""").Prepend("""{"step":0,"dev":{"a":1.5},"recall":null}"""));
        return path;
    }
}
