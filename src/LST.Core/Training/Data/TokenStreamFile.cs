using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace LST.Core.Training.Data;

/// <summary>
/// The file of a stream: magic (8 bytes), key (32), digest of all that follows (32), whole (1), count (int32 little-endian), then the ids as int32
/// little-endian.
/// </summary>
internal static class TokenStreamFile
{
    /// <summary>Raised whenever the same text would give other ids, or the layout changes.</summary>
    public const int Version = 1;

    private const int HeaderBytes = 8 + 32 + 32;
    private const int FrontBytes = 1 + 4;

    private static ReadOnlySpan<byte> Magic => "LSTIDS\u0001\n"u8;

    /// <summary>The stream of a file, or null where there is none, or one that is broken or was made from something else.</summary>
    public static TokenStream? TryRead(string path, ReadOnlySpan<byte> key, TrainingText text, int vocabulary)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        if (bytes.Length < HeaderBytes + FrontBytes || !bytes.AsSpan(0, 8).SequenceEqual(Magic) || !bytes.AsSpan(8, 32).SequenceEqual(key)) return null;
        var content = bytes.AsSpan(HeaderBytes);
        if (!SHA256.HashData(content).AsSpan().SequenceEqual(bytes.AsSpan(40, 32))) return null;
        var count = BinaryPrimitives.ReadInt32LittleEndian(content[1..]);
        if (count < 1 || content.Length != FrontBytes + 4L * count) return null;
        var ids = MemoryMarshal.Cast<byte, int>(content[FrontBytes..]).ToArray();
        // Guards the narrowing to two bytes against a file that another program made.
        if (ids.AsSpan().ContainsAnyExceptInRange(0, vocabulary - 1)) return null;
        return new TokenStream(text.Name, text.Role, ids, vocabulary, isWhole: content[0] == 1);
    }

    /// <summary>Writes a stream beside the path and renames it: at any moment the path holds a whole file or none.</summary>
    /// <exception cref="DataException">It cannot be written there.</exception>
    public static void Write(string path, ReadOnlySpan<byte> key, TokenStream stream)
    {
        var content = new byte[FrontBytes + 4L * stream.Count];
        content[0] = stream.IsWhole ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(1), stream.Count);
        MemoryMarshal.AsBytes(stream.ToArray().AsSpan()).CopyTo(content.AsSpan(FrontBytes));
        var beside = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            using (var file = new FileStream(beside, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                file.Write(Magic);
                file.Write(key);
                file.Write(SHA256.HashData(content));
                file.Write(content);
                file.Flush(flushToDisk: true);
            }
            File.Move(beside, path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DataException(
                $"The tokens of '{stream.Name}' cannot be kept in '{path}' ({exception.Message.TrimEnd('.')}); free space or give another work folder.", exception);
        }
        finally
        {
            if (File.Exists(beside)) File.Delete(beside);
        }
    }
}
