using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using LST.Core;

namespace LST.Evaluation.Texts;

/// <summary>Reads a text file strictly: valid UTF-8 and not empty, unpacked when it is gzip; everything else is one sentence.</summary>
internal static class TextFile
{
    /// <summary>Longest accepted text, in bytes; a .NET string cannot hold much more.</summary>
    public const long MaxBytes = 512L << 20;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The file's text.</summary>
    /// <param name="path">File on this machine.</param>
    /// <param name="shown">How messages call it.</param>
    /// <param name="expected">The catalogue's entry of the file, which it must match; null: any.</param>
    public static string Read(string path, string shown, DatasetFile? expected = null)
    {
        if (Directory.Exists(path)) throw new DataException($"The text '{shown}' must be a file, but it is a folder; give one file, or several separated by commas.");
        try
        {
            var raw = ReadBytes(path, shown);
            if (expected is not null) Check(raw.Span, expected, shown);
            var bytes = raw.Span is [0x1f, 0x8b, ..] ? Unpack(raw, shown) : raw;
            if (bytes.IsEmpty) throw new DataException($"The text '{shown}' is empty; give a UTF-8 text file with something in it.");
            return Decode(bytes.Span, shown);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"The text '{shown}' cannot be read: {exception.GetType().Name}; check that the file exists and that you may read it.", exception);
        }
    }

    /// <summary>Digest of the text's UTF-8 bytes, lower-case hex, and their number.</summary>
    public static (string Sha256, long Bytes) Digest(string content)
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        return (Convert.ToHexStringLower(SHA256.HashData(bytes)), bytes.LongLength);
    }

    private static void Check(ReadOnlySpan<byte> raw, DatasetFile expected, string shown)
    {
        var found = Convert.ToHexStringLower(SHA256.HashData(raw));
        if (found == expected.Sha256) return;
        throw new DataException($"The file '{shown}' must have {expected.Bytes} bytes and sha256 {expected.Sha256}, but it has {raw.Length} bytes and sha256 {found}; "
            + "it was changed or cut: get it again.");
    }

    private static ReadOnlyMemory<byte> ReadBytes(string path, string shown)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16);
        return CopyBounded(stream, shown);
    }

    private static ReadOnlyMemory<byte> Unpack(ReadOnlyMemory<byte> packed, string shown)
    {
        try
        {
            using var gzip = new GZipStream(new MemoryStream(packed.ToArray()), CompressionMode.Decompress);
            var content = CopyBounded(gzip, shown);
            // The stream ends without an error where the file was cut; the length in the last four bytes tells. (One gzip member a file.)
            if (packed.Length >= 18 && BinaryPrimitives.ReadUInt32LittleEndian(packed.Span[^4..]) == (uint)content.Length) return content;
            throw Torn(shown, null);
        }
        catch (InvalidDataException exception)
        {
            throw Torn(shown, exception);
        }
    }

    private static DataException Torn(string shown, Exception? inner) =>
        new($"The text '{shown}' begins as gzip but cannot be unpacked as one whole member; it was changed or cut: get it again, or unpack it yourself.", inner);

    // A pipe, a device or a gzip file may be longer than it says: the copy is bounded, not the stated length.
    private static ReadOnlyMemory<byte> CopyBounded(Stream stream, string shown)
    {
        var copy = new MemoryStream();
        var buffer = new byte[1 << 16];
        for (int read; (read = stream.Read(buffer)) > 0;)
        {
            if (copy.Length + read > MaxBytes)
                throw new DataException($"The text '{shown}' must have at most {MaxBytes >> 20} MiB, but it is longer; cut it into several files.");
            copy.Write(buffer, 0, read);
        }
        return copy.GetBuffer().AsMemory(0, (int)copy.Length);
    }

    private static string Decode(ReadOnlySpan<byte> bytes, string shown)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException exception)
        {
            throw new DataException($"The text '{shown}' must be UTF-8, but byte {exception.Index} begins an invalid sequence; convert the file to UTF-8.", exception);
        }
    }
}
