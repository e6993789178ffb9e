using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace LST.Core.Tests;

internal static class OneThread
{
    // The shapes of tests are tiny and test classes already run side by side: OpenMP teams that wait for a busy core only slow them down, tenfold.
    [ModuleInitializer]
    internal static void Set() => set_num_threads(1);
}
