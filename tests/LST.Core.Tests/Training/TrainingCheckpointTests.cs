using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using LST.Core.Training;
using static TorchSharp.torch;

namespace LST.Core.Tests.Training;

public sealed class TrainingCheckpointTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("lst-checkpoint-").FullName;
    private readonly List<string> warnings = [];

    private string Checkpoints => Path.Combine(folder, "checkpoints");

    [Fact]
    public void A_state_comes_back_bit_for_bit()
    {
        using var written = State(1, step: 7);
        // None of them is zero.
        written.Levels.fill_(1 / 3.0);
        new TrainingCheckpoint(folder).Write(written, "run");
        using var read = State(2, step: 0);

        TrainingCheckpoint.Load(Find("run")!, read);

        Assert.Equal(7, read.Step);
        Assert.Equal(written.Best!.LogRatioByText, read.Best!.LogRatioByText);
        Assert.Equal((7, 0.125), (read.Best.Step, read.Best.Recall));
        Assert.Equal(written.Validations.Select(v => v.Step), read.Validations.Select(v => v.Step));
        Assert.Equal(written.Tensors.Select(t => t.Key), read.Tensors.Select(t => t.Key));
        foreach (var (a, b) in written.Tensors.Zip(read.Tensors)) Assert.Equal(PlainNumbers.Bits(a.Value), PlainNumbers.Bits(b.Value));
        Assert.Empty(warnings);
    }

    [Fact]
    public void Only_the_two_newest_stay_and_nothing_of_a_writer_that_was_killed()
    {
        Directory.CreateDirectory(Path.Combine(Checkpoints, "step-000009.0123.tmp"));
        foreach (var step in new[] { 8, 9, 10, 999_999, 1_000_000 }) Write(step);

        Assert.Equal(["step-1000000", "step-999999"], Directory.GetFileSystemEntries(Checkpoints).Select(Path.GetFileName).Order());
        Assert.Equal(1_000_000, Find("run")!.Manifest.Step);
    }

    public static TheoryData<string, Action<string>> Damages { get; } = new()
    {
        { "its digest differs", file => Change(file, "state.safetensors", bytes => bytes[^1] ^= 1) },
        { "its digest differs", file => Resize(file, "state.safetensors", 100) },
        { "cannot be read", file => Resize(file, "manifest.json", 40) },
        { "cannot be read", file => Resize(file, "manifest.json", 0) },
        { "its digest differs", file => File.WriteAllText(Path.Combine(file, "manifest.json"), "{\"version\": 2}") },
        { "cannot be read", file => File.Delete(Path.Combine(file, "manifest.json")) },
        { "cannot be read", file => File.Delete(Path.Combine(file, "state.safetensors")) },
        { "cannot be read", file => { Directory.Delete(file, true); Directory.CreateDirectory(file); } },
    };

    [Theory]
    [MemberData(nameof(Damages), DisableDiscoveryEnumeration = true)]
    public void A_damaged_one_is_passed_over_with_a_warning(string part, Action<string> damage)
    {
        Write(4);
        Write(6);
        damage(Path.Combine(Checkpoints, "step-000006"));

        Assert.Equal(4, Find("run")!.Manifest.Step);
        Assert.Contains(part, Assert.Single(warnings));
        Assert.StartsWith("checkpoint step-000006 ", warnings[0]);
    }

    [Fact]
    public void Where_all_are_damaged_or_none_exists_the_run_starts_anew()
    {
        Assert.Null(Find("run"));
        Write(4);
        Resize(Path.Combine(Checkpoints, "step-000004"), "state.safetensors", 10);

        Assert.Null(Find("run"));
        Assert.Single(warnings);
    }

    [Fact]
    public void Those_of_another_run_are_refused_with_one_sentence()
    {
        Write(4);

        var error = Assert.Throws<UsageException>(() => Find("another"));

        Assert.StartsWith($"{folder} holds checkpoints of a run with other options, data, model, threads or seed; name another --output-dir", error.Message);
    }

    [Fact]
    public void The_same_step_can_be_written_again()
    {
        Write(4);
        Write(4);

        Assert.Equal(4, Find("run")!.Manifest.Step);
        Assert.Single(Directory.GetFileSystemEntries(Checkpoints));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private TrainingCheckpoint.Found? Find(string fingerprint) => new TrainingCheckpoint(folder).Find(fingerprint, warnings.Add);

    private void Write(int step)
    {
        using var state = State(step, step);
        new TrainingCheckpoint(folder).Write(state, "run");
    }

    private static TrainingState State(int seed, int step)
    {
        var sidecar = TrainingCases.MadeSidecar(TrainingCases.Config(TinyModels.Mha), seed);
        sidecar.RequireGradients(false);
        var state = new TrainingState(sidecar, new AdamW(sidecar.Parameters));
        foreach (var (_, moment) in state.Optimizer.State) moment.uniform_(0, 1, new Generator((ulong)seed, CPU));
        state.Consider(new ValidationResult(step, new Dictionary<string, double> { ["dev"] = Math.PI / seed, ["wiki"] = 1.0 / 3 }, 0.125));
        state.Step = step;
        return state;
    }

    private static void Change(string folder, string name, Action<byte[]> change)
    {
        var file = Path.Combine(folder, name);
        var bytes = File.ReadAllBytes(file);
        change(bytes);
        File.WriteAllBytes(file, bytes);
    }

    private static void Resize(string folder, string name, int length)
    {
        using var stream = File.OpenWrite(Path.Combine(folder, name));
        stream.SetLength(length);
    }
}
