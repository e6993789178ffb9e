using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using LST.Core.Models.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LST.Core.Tests.Models.Checkpoints;

/// <summary>Loads 2 GB of shards, and a GGUF file, in a process of its own and reads the kernel's high-water mark.</summary>
[Trait("Category", "slow")]
public class PeakMemoryTests
{
    private const string ModelVariable = "LST_TEST_PEAK_MODEL";
    private const string TypeVariable = "LST_TEST_PEAK_TYPE";
    private const string ResultVariable = "LST_TEST_PEAK_RESULT";
    private const long Allowance = 200_000_000;

    private const string Config = """
        {"model_type": "llama", "hidden_size": 4096, "intermediate_size": 7168, "num_hidden_layers": 6, "num_attention_heads": 32, "num_key_value_heads": 8,
         "vocab_size": 32768, "max_position_embeddings": 4096, "rms_norm_eps": 1e-5}
        """;

    [Theory]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void Loading_shards_needs_the_weights_one_shard_and_little_more(ScalarType type)
    {
        using var folder = new TemporaryFolder();
        var largestShard = WriteShards(folder);

        var (above, weights) = LoadInChild(folder.Path, type);

        Assert.InRange(above, weights * 9 / 10, weights + largestShard + Allowance);
    }

    [Theory]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float32)]
    public void Loading_a_GGUF_file_needs_the_weights_and_little_more(ScalarType type)
    {
        var (above, weights) = LoadInChild(Shared.Require("data/models/SmolLM2-135M-Instruct.Q4_1.gguf"), type);

        Assert.InRange(above, weights * 9 / 10, weights + Allowance);
    }

    private static (long AboveLevel, long Weights) LoadInChild(string model, ScalarType type)
    {
        if (!File.Exists("/proc/self/clear_refs")) Assert.Skip("needs Linux: the peak is read from /proc");
        using var folder = new TemporaryFolder();
        var start = Shared.OwnProgram("-method", $"{typeof(PeakMemoryTests).FullName}.{nameof(Child_process_that_is_measured)}");
        start.Environment[ModelVariable] = model;
        start.Environment[TypeVariable] = type.ToString();
        start.Environment[ResultVariable] = folder.File("peak.txt");
        start.RedirectStandardOutput = true;
        using var child = Process.Start(start)!;
        var output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();

        Assert.True(File.Exists(folder.File("peak.txt")), output);
        var result = File.ReadAllText(folder.File("peak.txt")).Split(' ').Select(long.Parse).ToArray();
        TestContext.Current.SendDiagnosticMessage($"{Path.GetFileName(model)} as {type}: {result[0] / 1e6:F0} MB above the level before, weights {result[1] / 1e6:F0} MB, {result[2]} ms, {result[3]} ms of processor time");
        return (result[0], result[1]);
    }

    [Fact]
    public void Child_process_that_is_measured()
    {
        var path = Environment.GetEnvironmentVariable(ModelVariable);
        if (string.IsNullOrEmpty(path)) Assert.Skip("runs only as the child of the tests above");
        var type = Enum.Parse<ScalarType>(Environment.GetEnvironmentVariable(TypeVariable)!);
        using (torch.ones(1000).sum()) { }
        GC.Collect();
        File.WriteAllText("/proc/self/clear_refs", "5");
        var before = Status("VmRSS");
        var (watch, processor) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);

        using var scope = NewDisposeScope();
        using var model = ModelFiles.Open(path);
        foreach (var weight in model.Weights) model.Load(weight.Name, type, CPU);
        model.ReleasePages();

        var weights = model.Weights.Sum(weight => weight.Elements) * (type == ScalarType.Float32 ? 4 : 2);
        var spent = (Environment.CpuUsage.TotalTime - processor).TotalMilliseconds;
        File.WriteAllText(Environment.GetEnvironmentVariable(ResultVariable)!, $"{Status("VmHWM") - before} {weights} {watch.ElapsedMilliseconds} {spent:F0}");
    }

    private static long Status(string field) => 1024 * long.Parse(File.ReadLines("/proc/self/status").Single(line => line.StartsWith(field + ":")).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);

    /// <summary>Embedding, head and each layer in a shard of its own, about 256 MB each. The data are holes: nothing is written, but reading maps as many pages.</summary>
    private static long WriteShards(TemporaryFolder folder)
    {
        folder.Write("config.json", Config);
        var map = new Dictionary<string, string>();
        var shards = WeightPlan.Of(HuggingFaceConfig.FromJson(Config)).GroupBy(weight => weight.Name.StartsWith("model.layers.") ? weight.Name.Split('.')[2] : weight.Name == WeightPlan.Head ? "head" : "embedding");
        var largest = 0L;
        foreach (var shard in shards)
        {
            var name = $"model-{shard.Key}.safetensors";
            var (offset, header) = (0L, new Dictionary<string, object>());
            foreach (var (weight, shape) in shard)
            {
                var bytes = 2 * shape.Aggregate(1L, (a, b) => a * b);
                header[weight] = new { dtype = "BF16", shape, data_offsets = new[] { offset, offset += bytes } };
                map[weight] = name;
            }
            var json = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(header));
            var length = new byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
            using var stream = File.Create(folder.File(name));
            stream.Write(length);
            stream.Write(json);
            stream.SetLength(8 + json.Length + offset);
            largest = Math.Max(largest, stream.Length);
        }
        folder.Write("model.safetensors.index.json", JsonSerializer.Serialize(new { weight_map = map }));
        return largest;
    }
}
