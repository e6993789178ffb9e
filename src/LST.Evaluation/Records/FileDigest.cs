using System.Security.Cryptography;

namespace LST.Evaluation.Records;

/// <summary>Digests of files, as records name them.</summary>
public static class FileDigest
{
    /// <summary>SHA-256 of a file's bytes, lower-case hexadecimal.</summary>
    public static string Of(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
