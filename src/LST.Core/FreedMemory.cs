using System.Runtime.InteropServices;

namespace LST.Core;

/// <summary>Memory that native code has freed.</summary>
public static partial class FreedMemory
{
    /// <summary>
    /// Gives pages of freed blocks back to the system, on Linux; elsewhere nothing. For moments between pieces of work that have nothing in common: small blocks that outlive a piece lie between the
    /// freed tensors of it, whose room then neither goes back by itself nor holds a tensor again (8 MB a notebook cell with two tensors of 4 MB, measured).
    /// </summary>
    public static void Return()
    {
        if (!OperatingSystem.IsLinux()) return;
        try
        {
            _ = MallocTrim(0);
        }
        catch (Exception problem) when (problem is DllNotFoundException or EntryPointNotFoundException)
        {
            // Another C library (musl) has no such call.
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nuint pad);
}
