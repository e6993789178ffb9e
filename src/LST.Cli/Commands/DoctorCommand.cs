using System.Runtime.InteropServices;
using LST.Core;
using LST.Core.Models.Checkpoints;
using LST.Evaluation;
using LST.Evaluation.Records;
using LST.Evaluation.Texts;
using Spectre.Console.Cli;
using static TorchSharp.torch;

namespace LST.Cli.Commands;

/// <summary><c>./lst doctor</c>: what this machine has, what is missing, and what to do about it.</summary>
public sealed class DoctorCommand : Command<DoctorCommand.Settings>
{
    /// <summary>No flags.</summary>
    public sealed class Settings : CommandSettings;

    /// <inheritdoc/>
    public override int Execute(CommandContext context, Settings settings, CancellationToken cancellationToken)
    {
        var machine = MachineInfo.Current;
        Line("system", $"{machine.OperatingSystem}, {RuntimeInformation.ProcessArchitecture}, {RuntimeInformation.FrameworkDescription}");
        Line("processor", $"{machine.Processor}, {machine.LogicalCores} cores, {(machine.VectorBits is { } bits ? $"vectors of {bits} bits" : "no vectors")}");
        Line("memory", $"{MemoryEstimate.Text(MemoryEstimate.Available())} free of {MemoryEstimate.Text(machine.MemoryBytes)}");
        Line("libtorch", $"{__version__}, {get_num_threads()} threads");
        Line("gpu", cuda.is_available() ? $"{cuda.device_count()} CUDA device(s)" : "none visible: everything runs on the CPU (build with -p:Torch=cuda-linux for an NVIDIA GPU)");
        Line("browser", FindOnPath("chromium", "chromium-browser", "google-chrome", "chrome") ?? "no Chromium on the PATH: figures get no PNG; install it, or run ./lst setup as root on Debian or Ubuntu");
        Line("jupyter", FindOnPath("jupyter") ?? "not on the PATH: only needed to open notebooks in JupyterLab");
        foreach (var name in new[] { "lst-ref", "smollm2" }) Line($"model {name}", Model(name));
        Line("records", $"{ProjectFolders.Results} (or where LST_RESULTS points)");
        var texts = TextCatalog.FromEnvironment().List();
        Line("texts", string.Join(", ", texts.Where(t => t.FoundIn is not null).Select(t => t.Name)) is { Length: > 0 } here ? here : "none");
        Line("missing texts", string.Join(", ", texts.Where(t => t.FoundIn is null).Select(t => t.Name)) is { Length: > 0 } missing ? $"{missing} (./lst data list says how to get them)" : "none");
        return 0;
    }

    private static void Line(string what, string found) => Console.WriteLine($"{what,-14} {found}");

    private static string Model(string name)
    {
        try
        {
            using var file = ModelFiles.Open(name);
            return $"{file.Config.ModelType}, {file.Weights.Sum(w => w.Elements) / 1e6:0.0} M parameters";
        }
        catch (LstException problem)
        {
            return problem.Message;
        }
    }

    private static string? FindOnPath(params string[] names) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => names.Select(name => Path.Combine(folder, OperatingSystem.IsWindows() ? name + ".exe" : name))).FirstOrDefault(File.Exists);
}
