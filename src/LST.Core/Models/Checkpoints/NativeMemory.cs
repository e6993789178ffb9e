using System.Runtime.InteropServices;
using TorchSharp;

namespace LST.Core.Models.Checkpoints;

/// <summary>The few native calls that reading and writing weights needs.</summary>
internal static unsafe partial class NativeMemory
{
    private const int DontNeed = 4;
    private const int ReadOnly = 0;

    /// <summary>Address of a contiguous tensor's first element, on the device where the tensor lies.</summary>
    public static byte* DataOf(torch.Tensor tensor) => (byte*)TensorData(tensor.Handle);

    /// <summary>Drops pages of a read-only file mapping from resident memory (Linux; elsewhere the system's own page replacement has to do).</summary>
    public static void DropPages(byte* start, long length)
    {
        if (!OperatingSystem.IsLinux() || length <= 0) return;
        // Rounded outwards: a file's page that a neighbour still needs is only mapped again, and no page is left behind between two ranges.
        var page = (nuint)Environment.SystemPageSize;
        var first = (nuint)start / page * page;
        var last = ((nuint)start + (nuint)length + page - 1) / page * page;
        _ = Advise((void*)first, last - first, DontNeed);
    }

    /// <summary>Makes a rename inside a folder survive a power cut (Linux; best effort, some file systems refuse it).</summary>
    public static void FlushFolder(string folder)
    {
        if (!OperatingSystem.IsLinux()) return;
        var descriptor = OpenFile(folder, ReadOnly);
        if (descriptor < 0) return;
        _ = FlushDescriptor(descriptor);
        _ = CloseDescriptor(descriptor);
    }

    [LibraryImport("LibTorchSharp", EntryPoint = "THSTensor_data")]
    private static partial IntPtr TensorData(IntPtr tensor);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int FlushDescriptor(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseDescriptor(int descriptor);
}
