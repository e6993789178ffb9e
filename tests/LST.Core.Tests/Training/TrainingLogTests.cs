using LST.Core.Training;

namespace LST.Core.Tests.Training;

public sealed class TrainingLogTests : IDisposable
{
    private readonly string file = Path.Combine(Directory.CreateTempSubdirectory("lst-log-").FullName, "log.jsonl");

    [Theory]
    [InlineData(3, 5)]
    [InlineData(2, 3)]
    [InlineData(0, 1)]
    [InlineData(99, 6)]
    public void Lines_behind_the_checkpoint_are_cut_off(int step, int lines)
    {
        Fill();
        var before = File.ReadAllLines(file);

        using (var log = new TrainingLog(file, step)) log.Write(Report(step + 1));

        var after = File.ReadAllLines(file);
        Assert.Equal(before[..lines], after[..^1]);
        Assert.StartsWith($"{{\"step\":{step + 1},\"ce\":1", after[^1]);
    }

    [Fact]
    public void A_validation_that_the_checkpoint_does_not_know_is_cut_off()
    {
        Fill();
        var before = File.ReadAllLines(file);

        using (var log = new TrainingLog(file, 3, validated: 0)) log.Write(Validated(3));

        Assert.Equal(before[..5], File.ReadAllLines(file));
    }

    [Theory]
    [InlineData("{\"step\":5,\"ce\":")]
    [InlineData("{\"step\":3,\"ce\":1}")]
    [InlineData("nonsense\n{\"step\":4}\n")]
    [InlineData("[1]\n")]
    [InlineData("{\"step\":\"4\"}\n")]
    [InlineData("\0\0\0\0\0\n")]
    public void A_torn_or_foreign_line_is_cut_off_and_the_next_begins_anew(string torn)
    {
        Fill();
        var before = File.ReadAllLines(file);
        File.AppendAllText(file, torn);

        using (var log = new TrainingLog(file, 10)) log.Write(Report(11));

        Assert.Equal([.. before, before[^1].Replace("\"step\":4", "\"step\":11")], File.ReadAllLines(file));
    }

    [Fact]
    public void Nothing_of_a_run_that_left_no_checkpoint_stays()
    {
        Fill();

        using (var log = new TrainingLog(file, null)) { }

        Assert.Equal("", File.ReadAllText(file));
    }

    [Fact]
    public void Every_line_can_be_read_while_the_run_goes_on()
    {
        using var log = new TrainingLog(file, null);
        log.Write(Report(1));

        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        Assert.EndsWith("}\n", reader.ReadToEnd());
    }

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);

    // A validation, three steps, a validation behind the third, a step.
    private void Fill()
    {
        using var log = new TrainingLog(file, null);
        log.Write(Validated(0));
        for (var step = 1; step <= 3; step++) log.Write(Report(step));
        log.Write(Validated(3));
        log.Write(Report(4));
    }

    private static StepReport Report(int step) => new(step, new StepLosses(1, 2, 3, 4), 5, 6, 7);

    private static ValidationResult Validated(int step) => new(step, new Dictionary<string, double> { ["dev"] = 0.5 }, null);
}
