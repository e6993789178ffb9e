using System.Runtime.Intrinsics.X86;

namespace LST.Core.Attention.Cpu.Vectors;

/// <summary>
/// Asks for memory before it is needed. Into the second cache level: the first would lose the present work, and takes fewer requests at a time.
/// </summary>
internal static unsafe class PrefetchAhead
{
    /// <summary>Distance between a block of rows and what is asked for during it, beyond the block's own length, in bytes.</summary>
    private const int Distance = 4096;

    /// <summary>Most that is asked for at once, in bytes.</summary>
    private const int BeginningBytes = 16 * 1024;

    /// <summary>Asks for the first bytes of a longer read at once, so that the memory is busy from the beginning.</summary>
    public static void Begin(byte* address, nint bytes)
    {
        if (!Sse.IsSupported) return;
        bytes = Math.Min(bytes, BeginningBytes);
        for (nint i = 0; i < bytes; i += 64) Sse.Prefetch1(address + i);
    }

    /// <summary>What to ask for during a block of rows: the memory behind it; the block itself, which is a harmless wish, where <paramref name="end"/> comes first.</summary>
    public static byte* OfBlock(byte* block, nint blockBytes, byte* end)
    {
        var next = block + blockBytes + Distance;
        return next < end ? next : block;
    }
}
