using System.Diagnostics;
using System.Globalization;
using LST.Core.Compression;
using LST.Core.Sidecar;
using LST.Core.Tests.Models;
using LST.Core.Tests.Models.Checkpoints;
using static TorchSharp.torch;

namespace LST.Core.Tests.Sidecar;

/// <summary>docs/read_sidecar.py, which shows that a sidecar needs no library but numpy, on files that our writer made.</summary>
public sealed class ReadSidecarScriptTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private static string Script => Path.Combine(Shared.RepositoryRoot, "docs", "read_sidecar.py");

    public static TheoryData<string, bool> Files => [.. from kind in new[] { "random-trunk", "random-per-head", "random-encoder", "random-choice" } from isBfloat16 in new[] { true, false } select (kind, isBfloat16)];

    [Fact]
    public void Has_at_most_forty_lines() => Assert.InRange(File.ReadAllLines(Script).Length, 10, 40);

    [Theory, MemberData(nameof(Files))]
    public void Reads_the_numbers_that_were_written(string kind, bool isBfloat16)
    {
        var path = Write(RandomSidecar.Config(kind, TinyModels.Gqa), isBfloat16 ? ScalarType.BFloat16 : ScalarType.Float32);
        using var expected = SidecarFile.Read(path);

        var lines = Python("-c", "import sys, read_sidecar as r\no, t = r.read(sys.argv[1])\nprint(o['network'], o['model']['layers'])\nfor n, x in t.items(): print(n, *x.shape, '|', *x.ravel().tolist())", path);

        Assert.Equal($"{(kind == "random-choice" ? "means" : kind["random-".Length..])} 3", lines[0]);
        var tensors = expected.Parameters.Append(new("input.mean", expected.Scale.Mean)).Append(new("input.deviation", expected.Scale.Deviation)).ToDictionary();
        Assert.Equal(tensors.Keys.Order(), lines.Skip(1).Select(line => line.Split(' ')[0]).Order());
        foreach (var line in lines.Skip(1))
        {
            var (name, parts) = (line.Split(' ')[0], line.Split('|'));
            Assert.Equal(tensors[name].shape, parts[0].Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(long.Parse));
            Assert.Equal(PlainNumbers.Of(tensors[name]), Numbers(parts[1]));
        }
    }

    [Theory, MemberData(nameof(Files))]
    public void Prints_options_names_shapes_and_the_number_of_parameters(string kind, bool isBfloat16)
    {
        var path = Write(RandomSidecar.Config(kind, TinyModels.Gqa), isBfloat16 ? ScalarType.BFloat16 : ScalarType.Float32);
        using var expected = SidecarFile.Read(path);

        var lines = Python(Script, path);

        Assert.Equal($"{expected.ParameterCount} parameters", lines[^1]);
        foreach (var (name, parameter) in expected.Parameters) Assert.Contains($"{name} [{string.Join(", ", parameter.shape)}]", lines);
        Assert.Contains(lines, line => line.Contains("\"longest_window\": 12"));
    }

    [Fact]
    public void Computes_the_super_tokens_that_the_program_computes()
    {
        using var scope = NewDisposeScope();
        var path = Write(RandomSidecar.Config("random-trunk", TinyModels.Gqa), ScalarType.BFloat16);
        using var sidecar = SidecarFile.Read(path);
        var context = RandomContext.Of(TinyModels.Gqa, 50, 6);
        var plan = HeadBudgets.Of(sidecar.Config, new PlanContext(50, 3, 2, Ratio.Of(4)))[2][1]!;
        using var batch = new WindowBatch(sidecar.Config, [plan, plan], 50, context.Rotary, CPU);
        var made = sidecar.Compress(2, context.CapturedPreRopeKeys!, context.Values, batch);
        var own = plan.Windows.Count;
        var input = folder.Write("kv.bin", PlainNumbers.Bits(cat([context.CapturedPreRopeKeys![1], context.Values[1]], 0)));

        var lines = Python(["-c", "import sys, numpy as np, read_sidecar as r\no, t = r.read(sys.argv[1])\nx = np.fromfile(sys.argv[2], '<f4').reshape(2, 50, 16)\n"
            + "for w in sys.argv[3:]:\n    k, v, b = r.super_token(o, t, 2, 1, x[0], x[1], *map(int, w.split('+')))\n    print(*k.tolist(), *v.tolist(), b)",
            path, input, .. plan.Windows.Select(w => $"{w.First}+{w.Count}")]);

        Assert.Equal(own, lines.Count);
        for (var g = 0; g < own; g++)
        {
            var numbers = Numbers(lines[g]);
            var (first, count) = plan.Windows[g];
            var key = NaiveRotation.Turn(numbers[..16], first + ((count - 1) / 2), context.Rotary.InverseFrequencies);
            Assert.InRange(PlainNumbers.Distance(key, PlainNumbers.Of(made.Keys[own + g])), 0, 1e-4);
            Assert.InRange(PlainNumbers.Distance(numbers[16..32], PlainNumbers.Of(made.Values[own + g])), 0, 1e-4);
            Assert.Equal(made.Bias![own + g].item<float>(), numbers[32], 1e-4);
        }
    }

    [Theory, InlineData("2"), InlineData("4"), InlineData("8")]
    public void Chooses_the_tokens_that_the_program_chooses(string ratioText)
    {
        using var scope = NewDisposeScope();
        const int tokens = 203;
        var ratio = Ratio.Parse(ratioText);
        // A head that keeps everything, and others down to the least.
        var mean = (3.35 + ratio.Value) / 6;
        var path = Write(RandomSidecar.Config("random-choice", TinyModels.Gqa) with
        {
            HeadSlots = [[1.5 / mean, 0.25 / mean], [1 / mean, 0.1 / mean], [ratio.Value / mean, 0.5 / mean]], HeadRecent = [[0.25, 0.02], [0.9, 0.5], [1, 0.75]],
        }, ScalarType.BFloat16);
        using var sidecar = SidecarFile.Read(path);
        var plans = HeadBudgets.Of(sidecar.Config, new PlanContext(tokens, 3, 2, ratio));
        for (var layer = 0; layer < 3; layer++)
        {
            var context = RandomContext.Of(TinyModels.Gqa, tokens, 6 + layer, layer: layer);
            using var made = SuperTokenCompressor.Chosen(sidecar, context, plans[layer]);
            var input = folder.Write($"kv{layer}.bin", PlainNumbers.Bits(cat([context.PreRopeKeys(), context.Values], 0)));

            var lines = Python("-c", "import sys, numpy as np, read_sidecar as r, choose_tokens as c\no, t = r.read(sys.argv[1])\nx, l = np.fromfile(sys.argv[2], '<f4').reshape(4, -1, 16), int(sys.argv[3])\n"
                + "n = c.shares(o, x.shape[1], float(sys.argv[4]))\nfor h in range(2):\n    for s in c.choose(o, c.importance(o, t, l, h, x[h], x[2 + h]), l, h, n[l, h]): print(h, s[(len(s) - 1) // 2], len(s))",
                path, input, $"{layer}", ratioText);

            var (offsets, positions) = (made.Offsets.ToArray(), made.Positions.ToArray());
            var expected = Enumerable.Range(0, 2).SelectMany(h => Enumerable.Range(offsets[h], made.Length(0, h)).Select(i => $"{h} {positions[i]} {made.Counts![i]}"));
            Assert.Equal(expected, lines);
        }
    }

    public void Dispose() => folder.Dispose();

    private static double[] Numbers(string line) => [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(x => double.Parse(x, CultureInfo.InvariantCulture))];

    private string Write(SidecarConfig config, ScalarType type)
    {
        using var sidecar = RandomSidecar.Of(config, 4);
        var path = folder.File("sidecar.safetensors");
        SidecarFile.Write(path, sidecar, type);
        return path;
    }

    private static List<string> Python(params IReadOnlyList<string> arguments)
    {
        const string python = "/usr/bin/python3";
        if (!File.Exists(python)) Assert.Skip($"needs {python} with numpy");
        if (Run(python, ["-c", "import numpy"]).Code != 0) Assert.Skip($"needs numpy for {python} (apt-get install python3-numpy)");
        var (code, output, error) = Run(python, arguments);
        Assert.True(code == 0, error);
        return [.. output.TrimEnd().Split('\n')];
    }

    private static (int Code, string Output, string Error) Run(string program, IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PYTHONPATH"] = Path.GetDirectoryName(Script);
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
