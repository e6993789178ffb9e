using System.Buffers.Binary;
using System.IO.Compression;
using LST.Core;

namespace LST.Notebooks.Figures;

/// <summary>The part of PNG that a browser's screenshot uses: eight bits a channel, not interlaced.</summary>
internal static class PngFile
{
    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>Pixels of a screenshot, red, green and blue in the low 24 bits, row after row. Pages are opaque, so that alpha says nothing.</summary>
    /// <exception cref="DataException">Another kind of PNG, or none.</exception>
    public static (int Width, int Height, int[] Pixels) Read(ReadOnlySpan<byte> png)
    {
        if (!png.StartsWith(Signature)) throw new DataException("A picture of the browser must be a PNG, but it does not begin like one.");
        using var packed = new MemoryStream();
        int width = 0, height = 0, channels = 0;
        for (var at = Signature.Length; at + 12 <= png.Length;)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(png[at..]);
            var type = png.Slice(at + 4, 4);
            var data = png.Slice(at + 8, length);
            if (type.SequenceEqual("IHDR"u8))
            {
                (width, height) = (BinaryPrimitives.ReadInt32BigEndian(data), BinaryPrimitives.ReadInt32BigEndian(data[4..]));
                channels = data[9] switch { 2 => 3, 6 => 4, _ => 0 };
                if (data[8] != 8 || channels == 0 || data[12] != 0) throw new DataException($"A picture of the browser must have eight bits a channel and no interlacing, but it has depth {data[8]}, colour type {data[9]}, interlacing {data[12]}.");
            }
            else if (type.SequenceEqual("IDAT"u8)) packed.Write(data);
            at += 12 + length;
        }
        packed.Position = 0;
        var rows = new byte[height * (1 + width * channels)];
        using (var inflated = new ZLibStream(packed, CompressionMode.Decompress)) inflated.ReadExactly(rows);
        return (width, height, Unfiltered(rows, width, height, channels));
    }

    /// <summary>A PNG of at most 256 colours.</summary>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="palette">Colours, red, green and blue in the low 24 bits.</param>
    /// <param name="indices">Of each pixel, row after row.</param>
    public static byte[] Write(int width, int height, ReadOnlySpan<int> palette, ReadOnlySpan<byte> indices)
    {
        using var file = new MemoryStream();
        file.Write(Signature);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (8, 3);
        Chunk(file, "IHDR"u8, header);
        var colours = new byte[3 * palette.Length];
        for (var i = 0; i < palette.Length; i++) (colours[3 * i], colours[3 * i + 1], colours[3 * i + 2]) = ((byte)(palette[i] >> 16), (byte)(palette[i] >> 8), (byte)palette[i]);
        Chunk(file, "PLTE"u8, colours);
        using var packed = new MemoryStream();
        using (var deflated = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            for (var y = 0; y < height; y++)
            {
                deflated.WriteByte(0);                  // indices have no gradient that a filter could use
                deflated.Write(indices.Slice(y * width, width));
            }
        }
        Chunk(file, "IDAT"u8, packed.ToArray());
        Chunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    private static int[] Unfiltered(byte[] rows, int width, int height, int channels)
    {
        var stride = width * channels;
        var (before, pixels) = (new byte[stride], new int[width * height]);
        for (var y = 0; y < height; y++)
        {
            var filter = rows[y * (stride + 1)];
            var row = rows.AsSpan(y * (stride + 1) + 1, stride);
            for (var i = 0; i < stride; i++)
            {
                int left = i < channels ? 0 : row[i - channels], up = before[i], corner = i < channels ? 0 : before[i - channels];
                row[i] += (byte)(filter switch { 0 => 0, 1 => left, 2 => up, 3 => (left + up) / 2, _ => Paeth(left, up, corner) });
            }
            for (var x = 0; x < width; x++) pixels[y * width + x] = row[x * channels] << 16 | row[x * channels + 1] << 8 | row[x * channels + 2];
            row.CopyTo(before);
        }
        return pixels;
    }

    private static int Paeth(int left, int up, int corner)
    {
        var (a, b, c) = (Math.Abs(up - corner), Math.Abs(left - corner), Math.Abs(left + up - 2 * corner));
        return a <= b && a <= c ? left : b <= c ? up : corner;
    }

    private static void Chunk(Stream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, data.Length);
        file.Write(number);
        file.Write(type);
        file.Write(data);
        BinaryPrimitives.WriteUInt32BigEndian(number, ~Checksum(Checksum(uint.MaxValue, type), data));
        file.Write(number);
    }

    // CRC-32 of PNG's appendix, bit by bit: pictures are small.
    private static uint Checksum(uint sum, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            sum ^= value;
            for (var bit = 0; bit < 8; bit++) sum = (sum & 1) != 0 ? sum >> 1 ^ 0xEDB88320 : sum >> 1;
        }
        return sum;
    }
}
