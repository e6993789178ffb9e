using System.Buffers.Binary;
using System.Text;

namespace LST.Core.Models.Checkpoints;

/// <summary>Reads the head of a GGUF file front to back; every read is checked against the bytes that are really there.</summary>
internal ref struct GgufCursor(MappedFile file)
{
    /// <summary>Metadata and tensor descriptions of any real model are far below this.</summary>
    public const int MaximumHeadBytes = 1 << 30;
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private readonly ReadOnlySpan<byte> _bytes = file.Span(0, (int)Math.Min(file.Length, MaximumHeadBytes));

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    /// <summary>Bytes that are left to read.</summary>
    public readonly int Left => _bytes.Length - Position;

    public ReadOnlySpan<byte> Take(int count, string what)
    {
        if (count > Left)
            throw GgufHeader.Broken(file, $"it must hold {count} bytes of {what} at byte {Position}; only {Left} are left (a truncated copy?)");
        Position += count;
        return _bytes.Slice(Position - count, count);
    }

    public uint UInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    public ulong UInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what));

    /// <summary>A count of things of which each takes at least <paramref name="leastBytes"/> bytes, so that a count bounds itself by the file.</summary>
    public int Count(string what, int most, int leastBytes)
    {
        var count = UInt64($"the number of {what}");
        if (count > (ulong)most) throw GgufHeader.Broken(file, $"it may have at most {most} {what}; it claims {count}");
        if ((long)count * leastBytes > Left) throw GgufHeader.Broken(file, $"{count} {what} must fit into the file;"
            + $" only {Left} bytes are left (a truncated copy?)");
        return (int)count;
    }

    public string Text(string what, int most)
    {
        var length = UInt64($"the length of {what}");
        if (length > (ulong)most) throw GgufHeader.Broken(file, $"{what} may have at most {most} bytes; it claims {length}");
        var bytes = Take((int)length, what);
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException error)
        {
            throw GgufHeader.Broken(file, $"{what} must be UTF-8 text; it is not", error);
        }
    }
}
