using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace LST.Core;

/// <summary>Numbers of a tensor in place. Memory that libtorch's allocator reuses is written, where a managed array would be fresh each time.</summary>
internal static class TensorSpan
{
    /// <summary>The numbers of a contiguous tensor on the CPU, valid as long as it lives.</summary>
    public static Span<T> Span<T>(this Tensor tensor) where T : unmanaged => MemoryMarshal.Cast<byte, T>(tensor.bytes);
}
