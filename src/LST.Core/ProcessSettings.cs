using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LST.Core;

/// <summary>What has to be set in the process before libtorch is loaded, on Linux.</summary>
internal static partial class ProcessSettings
{
    private const int TrimThreshold = -1, MapThreshold = -3;

    /// <summary>
    /// Waiting OpenMP threads sleep instead of spinning: with the default, a waiting thread holds a core for milliseconds, which our own workers and every
    /// other process on a small machine then lack. And the allocator keeps freed blocks of up to 32 MB: else every activation of a forward pass is mapped,
    /// faulted in page by page, and unmapped again. What the user has set in the environment wins.
    /// </summary>
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "It must run before the first tensor, whoever makes it.")]
    internal static void Apply()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            _ = SetEnvironment("OMP_WAIT_POLICY", "PASSIVE", 0);
            if (Environment.GetEnvironmentVariable("MALLOC_TRIM_THRESHOLD_") is not null) return;
            _ = SetMallocOption(MapThreshold, 32 << 20);
            _ = SetMallocOption(TrimThreshold, 256 << 20);
        }
        catch (Exception problem) when (problem is DllNotFoundException or EntryPointNotFoundException)
        {
            // Another C library (musl): its defaults stay.
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetMallocOption(int option, int value);
}
