using System.Runtime.InteropServices;
using TorchSharp;

namespace LST.Bench.Kernels;

/// <summary>Address of a tensor's elements.</summary>
internal static unsafe partial class TensorMemory
{
    /// <summary>First element of a contiguous CPU tensor, valid while the tensor lives.</summary>
    public static void* Pointer(torch.Tensor tensor) => (void*)THSTensor_data(tensor.Handle);

    [LibraryImport("LibTorchSharp")]
    private static partial nint THSTensor_data(nint tensor);
}
