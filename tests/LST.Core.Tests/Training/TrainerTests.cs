using System.Text.Json.Nodes;
using LST.Core.Compression;
using LST.Core.Losses;
using LST.Core.Models;
using LST.Core.Models.Checkpoints;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using LST.Core.Training;
using TorchSharp;
using static LST.Core.Tests.Training.TrainingCases;
using static TorchSharp.torch;

namespace LST.Core.Tests.Training;

public sealed class TrainerTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("lst-trainer-").FullName;
    private readonly LanguageModel model = TinyModels.Load(TinyModels.Gqa);

    [Fact]
    public void A_run_learns_and_writes_sidecars_that_can_be_read()
    {
        var options = Options(Config(model.Config), steps: 40) with { LearningRate = 1e-2, ValidateEvery = 10, Losses = new LossSettings { Divergence = 1 } };

        var result = new Trainer(model, options, RandomData(), At("a")).Run(cancel: TestContext.Current.CancellationToken);

        Assert.Equal((40, 0), (result.Steps, result.Resumed));
        Assert.Equal([0, 10, 20, 30, 40], result.Validations.Select(v => v.Step));
        var losses = Log("a").Where(line => line["kl"] is not null).Select(line => line["kl"]!.GetValue<double>()).ToList();
        Assert.True(losses[^8..].Average() < 0.8 * losses[..8].Average(), $"{losses[0]} … {losses[^1]}");
        foreach (var file in new[] { result.FinalFile, result.BestFile })
        {
            using var sidecar = SidecarFile.Read(file);
            Assert.Equal(result.Parameters, sidecar.ParameterCount);
            // What the file says of itself is what was trained.
            Assert.Equal((options.Sidecar with { Model = sidecar.Config.Model }).ToJson(), sidecar.Config.ToJson());
        }
        Assert.Equal(result.Validations.MinBy(v => v.Mean)!.Step, result.Best.Step);
        Assert.False(File.Exists(Path.Combine(At("a"), "run.lock")));
    }

    [Fact]
    public void The_same_seed_repeats_bit_for_bit_and_another_does_not()
    {
        var options = Options(Config(model.Config)) with { Losses = new LossSettings { CrossEntropy = 1, Alignment = 0.5, ProbeCount = 8 } };
        foreach (var (name, seed) in new[] { ("a", 4), ("b", 4), ("c", 5) }) Train(name, options with { Seed = seed });

        Assert.Equal(Bytes("a"), Bytes("b"));
        Assert.NotEqual(Bytes("a"), Bytes("c"));
        Assert.Equal(Losses("a"), Losses("b"));
        Assert.NotEqual(Losses("a"), Losses("c"));
    }

    [Fact]
    public void The_budget_of_the_store_changes_no_bit()
    {
        var options = Options(Config(model.Config)) with { Losses = new LossSettings { Alignment = 0.5, ProbeCount = 8, Probes = "repeat" } };
        Train("large", options);
        Train("tiny", options with { StoreBytes = 1 });

        Assert.Equal(Bytes("large"), Bytes("tiny"));
        Assert.Equal(Losses("large"), Losses("tiny"));
    }

    [Fact]
    public void An_error_on_queries_stands_in_validations_and_log_and_changes_no_bit()
    {
        var options = Options(Config(model.Config)) with { ValidateEvery = 4, Losses = new LossSettings { Divergence = 1 } };
        Train("plain", options);
        var asked = 0;

        var result = new Trainer(model, options, RandomData(), At("measured")) { QueryError = (sidecar, _) => ++asked + (sidecar.ParameterCount / 1e6) }.Run(cancel: TestContext.Current.CancellationToken);

        Assert.Equal(3, asked);
        var expected = Enumerable.Range(1, 3).Select(n => (double?)(n + (result.Parameters / 1e6))).ToList();
        Assert.Equal(expected, result.Validations.Select(validation => validation.QueryError));
        Assert.Equal(expected, Log("measured").Where(line => line["dev"] is not null).Select(line => line["query_error"]?.GetValue<double>()));
        Assert.All(Log("plain").Where(line => line["dev"] is not null), line => Assert.Null(line["query_error"]));
        Assert.Equal(Bytes("plain"), Bytes("measured"));
    }

    [Fact]
    public void Gradients_above_the_clip_are_scaled_down_to_it_and_others_stay()
    {
        var options = Options(Config(model.Config), steps: 1);
        Train("free", options with { Clip = 1e9 });
        Train("clipped", options with { Clip = 1e-3 });

        var norm = Log("free")[1]["gradient_norm"]!.GetValue<double>();
        Assert.Equal(norm, Log("clipped")[1]["gradient_norm"]!.GetValue<double>());
        // After one step the first moments are a tenth of the gradients.
        Assert.Equal(norm, FirstMoments("free") * 10, norm * 1e-5);
        Assert.Equal(1e-3, FirstMoments("clipped") * 10, 1e-8);
    }

    public static MatrixTheoryData<SidecarNetwork, bool, AlignmentForm> LiveCases { get; } = new(Enum.GetValues<SidecarNetwork>(), [false, true], Enum.GetValues<AlignmentForm>());

    [Theory]
    [MemberData(nameof(LiveCases))]
    public void The_number_of_live_tensors_stays_level_over_thirty_steps(SidecarNetwork network, bool keepsGraphs, AlignmentForm form)
    {
        using var sidecar = MadeSidecar(Config(model.Config, network) with { Refit = form == AlignmentForm.FullCache ? RefitProbes.Prefix : RefitProbes.None, RefitQueries = 6 });
        var losses = new LossSettings { CrossEntropy = 1, Divergence = 1, Alignment = 1, Diversity = 1, ProbeCount = 4, Probes = "repeat", AlignmentForm = form };
        var step = new TrainingStep(model, sidecar, losses, null) { GraphBytes = keepsGraphs ? long.MaxValue : 0 };
        using var store = new PrefixStore(model, index => Sequence((int)index), new PrefixNeeds(true, 8), 3 << 17);
        using var optimizer = new AdamW(sidecar.Parameters);
        var counts = new List<long>();
        for (var number = 1; number <= 33; number++)
        {
            optimizer.ZeroGradients();
            using (var generator = new Generator((ulong)number, CPU)) step.Accumulate(store.Get(number % 3, TestContext.Current.CancellationToken), Ratio.Of(2), 1, generator);
            optimizer.Step(number, 1e-3, 1 / Math.Max(1, optimizer.GradientNorm()));
            counts.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }

        Assert.Equal(counts[2], counts[^1]);
        Assert.Equal(counts[2], counts[3..].Max());
    }

    [Fact]
    public void A_whole_run_leaves_no_tensor_behind()
    {
        Train("a", Options(Config(model.Config)) with { HeadSequences = 2 });
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        Train("b", Options(Config(model.Config)) with { HeadSequences = 2, Losses = new LossSettings { Alignment = 1, ProbeCount = 4, Probes = "gaussian" } });

        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Several_ratios_take_turns()
    {
        var options = Options(SidecarPresets.Of("lst", "tiny", null, model.Config, Ratio.Of(2), Ratio.Of(4)) with { Hidden = 8, Rank = 4, Sinks = "2", Recent = "3" }, steps: 3) with { Ratios = [Ratio.Of(2), Ratio.Of(4)] };

        Train("a", options);

        Assert.True(File.Exists(Path.Combine(At("a"), "final.safetensors")));
    }

    [Fact]
    public void A_folder_that_another_run_writes_into_is_refused()
    {
        Directory.CreateDirectory(At("a"));
        using var other = new RunLock(At("a"));

        Assert.Contains("another run is writing into this folder", Assert.Throws<DataException>(() => Train("a", Options(Config(model.Config)))).Message);
    }

    [Fact]
    public void A_gradient_that_is_no_number_ends_the_run_in_a_sentence()
    {
        // Squares of such gradients are beyond float32.
        var options = Options(Config(model.Config)) with { Losses = new LossSettings { Divergence = 1e30 } };

        Assert.StartsWith("step 1: the gradient is not a finite number", Assert.Throws<DataException>(() => Train("a", options)).Message);
    }

    public void Dispose()
    {
        model.Dispose();
        Directory.Delete(root, recursive: true);
    }

    private string At(string name) => Path.Combine(root, name);

    private void Train(string name, TrainingOptions options) => new Trainer(model, options, RandomData(), At(name)).Run(cancel: TestContext.Current.CancellationToken);

    private byte[] Bytes(string name) => [.. File.ReadAllBytes(Path.Combine(At(name), "final.safetensors")), .. File.ReadAllBytes(Path.Combine(At(name), "best.safetensors"))];

    private List<JsonObject> Log(string name) => [.. File.ReadLines(Path.Combine(At(name), "log.jsonl")).Select(line => JsonNode.Parse(line)!.AsObject())];

    private List<string> Losses(string name) => TrainingLogs.WithoutTimes(Path.Combine(At(name), "log.jsonl"));

    private double FirstMoments(string name)
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(Path.Combine(At(name), "checkpoints", "step-000001", "state.safetensors"));
        return Math.Sqrt(file.Entries.Keys.Where(key => key.StartsWith("first.")).Sum(key => (double)file.ReadTensor(key, float32).square().sum().item<float>()));
    }
}

/// <summary>Logs for comparison.</summary>
internal static class TrainingLogs
{
    /// <summary>Every line, seconds left out.</summary>
    public static List<string> WithoutTimes(string file) => [.. File.ReadLines(file).Select(line =>
    {
        var json = JsonNode.Parse(line)!.AsObject();
        json.Remove("seconds");
        return json.ToJsonString();
    })];
}
