using System.Runtime.InteropServices;
using LST.Core;

namespace LST.Notebooks;

/// <summary>The native libraries beside our assemblies are missing or do not load on this machine. Exit code 1.</summary>
public sealed class NativeLibraryException(string message, Exception? inner = null) : LstException(message, inner)
{
    /// <inheritdoc/>
    public override int ExitCode => 1;
}

/// <summary>
/// Loads libtorch by full path from our own folder before the first tensor. In a notebook kernel TorchSharp, left alone, may go on to search
/// the package folder, copies half a gigabyte beside itself, and keeps a failed start for the rest of the process.
/// </summary>
internal static class NativeLibraries
{
    /// <summary>Loads TorchSharp's bridge to libtorch, and with it libtorch, from <paramref name="folder"/>.</summary>
    /// <exception cref="NativeLibraryException">The bridge is not in the folder, or the system refuses to load it.</exception>
    public static void LoadFrom(string folder)
    {
        var bridge = Path.Combine(folder, FileName("LibTorchSharp"));
        if (!File.Exists(bridge))
            throw new NativeLibraryException(
                $"the native libraries must lie beside LST.Notebooks.dll, but {Path.GetFileName(bridge)} is not in {folder}: " +
                "run ./lst setup and reference src/LST.Cli/bin/Release/net10.0/LST.Notebooks.dll");

        // With a CUDA build, nothing links to libtorch_cuda: it registers itself when it is loaded, which must come before the bridge.
        var cuda = Path.Combine(folder, FileName("torch_cuda"));
        if (File.Exists(cuda)) LoadOne(cuda);
        LoadOne(bridge);
    }

    private static void LoadOne(string path)
    {
        try
        {
            NativeLibrary.Load(path);
        }
        catch (Exception refused) when (refused is DllNotFoundException or BadImageFormatException)
        {
            var reason = refused.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1];
            throw new NativeLibraryException($"{Path.GetFileName(path)} must load for tensors to work, but this system refuses it: {reason}", refused);
        }
    }

    private static string FileName(string library) =>
        OperatingSystem.IsWindows() ? library + ".dll" : OperatingSystem.IsMacOS() ? $"lib{library}.dylib" : $"lib{library}.so";
}
