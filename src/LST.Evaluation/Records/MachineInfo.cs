using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text.Json.Serialization;

namespace LST.Evaluation.Records;

/// <summary>The machine of a run; no host or user name.</summary>
/// <param name="OperatingSystem">Name and version.</param>
/// <param name="Processor">Name of the processor.</param>
/// <param name="LogicalCores">Logical cores that the process may use.</param>
/// <param name="MemoryBytes">Memory that the process may use, bytes.</param>
/// <param name="VectorBits">Widest vectors that the processor computes at full speed, bits; null: not said. 512 on x86 (AVX-512) has products of 16-bit numbers too, others widen them (<see cref="Core.Models.MatrixProducts"/>), and last digits differ.</param>
public sealed record MachineInfo(
    string OperatingSystem, string Processor, int LogicalCores, long MemoryBytes,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? VectorBits = null)
{
    /// <summary>This machine.</summary>
    public static MachineInfo Current { get; } = new(RuntimeInformation.OSDescription.Trim(), ProcessorName(), Environment.ProcessorCount, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, WidestVector());

    /// <summary>Largest resident memory of this process so far, bytes.</summary>
    public static long PeakMemoryBytes()
    {
        // The runtime's own number is zero or the current size on some Linux kernels; VmHWM is the peak.
        if (ValueAfter("/proc/self/status", "VmHWM:") is { } peak && long.TryParse(peak.Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var kilobytes))
            return kilobytes * 1024;
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }

    /// <summary>The versions of this build; what it does not know itself is given.</summary>
    /// <param name="libtorch">Version of the native tensor library; null: not used.</param>
    /// <param name="torchSharp">Version of its .NET package; null: not used.</param>
    public static RunVersions Versions(string? libtorch = null, string? torchSharp = null)
    {
        var assembly = typeof(MachineInfo).Assembly;
        var project = assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
        var (commit, dirty) = ProjectFolders.Root is { } root ? (GitCheckout.Commit(root), GitCheckout.IsDirty(root)) : (null, null);
        return new RunVersions(project, commit ?? "unknown", dirty, RuntimeInformation.FrameworkDescription, libtorch, torchSharp);
    }

    private static int? WidestVector() => Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : Vector128.IsHardwareAccelerated ? 128 : null;

    private static string ProcessorName()
    {
        var name = ValueAfter("/proc/cpuinfo", "model name") ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER");
        return string.IsNullOrWhiteSpace(name) ? RuntimeInformation.ProcessArchitecture.ToString() : name.TrimStart(':', ' ', '\t');
    }

    private static string? ValueAfter(string file, string label) => !File.Exists(file)
        ? null
        : File.ReadLines(file).FirstOrDefault(l => l.StartsWith(label, StringComparison.Ordinal))?[label.Length..].Trim();
}
