namespace LST.Core.Models.Checkpoints;

/// <summary>The block formats of GGUF files, by name; used to check each against its reference values.</summary>
public static class GgmlFormats
{
    /// <summary>Every format that is read: <c>F32 F16 BF16 Q4_0 …</c>.</summary>
    public static IReadOnlyList<string> Names { get; } = GgmlFormat.All.Select(format => format.Name).ToArray();

    /// <summary>Number of bytes that hold <paramref name="values"/> values.</summary>
    /// <exception cref="ModelFileException">The format is not read here, or the count is no multiple of its block.</exception>
    public static long BytesOf(string format, long values)
    {
        var found = Find(format);
        if (values < 0 || values % found.BlockValues != 0)
            throw new ModelFileException($"{format} holds multiples of {found.BlockValues} values; {values} is none.");
        return checked(values / found.BlockValues * found.BlockBytes);
    }

    /// <summary>Decodes whole blocks into fp32 values.</summary>
    /// <param name="format">One of <see cref="Names"/>.</param>
    /// <param name="blocks">Stored bytes.</param>
    /// <param name="values">Receives the values; its length decides how many bytes are needed.</param>
    /// <exception cref="ModelFileException">The format is not read here, or the sizes do not fit.</exception>
    public static void Decode(string format, ReadOnlySpan<byte> blocks, Span<float> values)
    {
        var bytes = BytesOf(format, values.Length);
        if (bytes != blocks.Length) throw new ModelFileException($"{values.Length} values of {format} take {bytes} bytes; found {blocks.Length}.");
        Find(format).Decode(blocks, values);
    }

    private static GgmlFormat Find(string format) => GgmlFormat.All.FirstOrDefault(known => known.Name == format)
        ?? throw new ModelFileException($"weights must be in one of the formats {GgmlFormat.Known}; found {Shown.Quote(format)}.");
}
