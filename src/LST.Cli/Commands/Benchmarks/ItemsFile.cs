using LST.Core;

namespace LST.Cli.Commands.Benchmarks;

/// <summary>The file that <c>--items</c> names.</summary>
internal static class ItemsFile
{
    /// <summary>A file that is there.</summary>
    /// <exception cref="DataException">It is not.</exception>
    public static string Require(string path) => File.Exists(path) ? path
        : throw new DataException($"--items '{path}': it must be a file, but {(Directory.Exists(path) ? "it is a folder" : "there is none of that name")}; check the path.");
}
