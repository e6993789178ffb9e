using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace LST.Core.Models.Checkpoints;

/// <summary>sha256 of weight files, lower-case hexadecimal; remembered for the life of the process while size and time of a file stay.</summary>
internal static class WeightHash
{
    private static readonly ConcurrentDictionary<(string Path, long Length, DateTime Time), string> Known = new();

    /// <summary>One file: its own hash. Several: the hash of their hexadecimal hashes, joined in the order given.</summary>
    public static string Of(IReadOnlyList<string> paths) =>
        paths.Count == 1 ? Of(paths[0]) : Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Concat(paths.Select(Of)))));

    private static string Of(string path)
    {
        try
        {
            var file = new FileInfo(path);
            return Known.GetOrAdd((path, file.Length, file.LastWriteTimeUtc), key =>
            {
                using var stream = new FileStream(key.Path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan);
                return Convert.ToHexStringLower(SHA256.HashData(stream));
            });
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException($"{path} cannot be read: {error.Message.TrimEnd('.')}; make it readable for this user.", error);
        }
    }
}
