namespace LST.Core.Models.Checkpoints;

/// <summary>Turns whole blocks of one format into values.</summary>
/// <param name="blocks">Whole blocks.</param>
/// <param name="values">As many values as the blocks hold.</param>
internal delegate void BlockDecoder(ReadOnlySpan<byte> blocks, Span<float> values);

/// <summary>A storage format of GGUF files: values come in blocks of fixed size.</summary>
internal sealed record GgmlFormat(string Name, uint Number, int BlockValues, int BlockBytes, BlockDecoder Decode)
{
    public static readonly GgmlFormat F32 = new("F32", 0, 1, 4, PlainBlocks.F32);
    public static readonly GgmlFormat F16 = new("F16", 1, 1, 2, PlainBlocks.F16);
    public static readonly GgmlFormat BF16 = new("BF16", 30, 1, 2, PlainBlocks.BF16);

    public static IReadOnlyList<GgmlFormat> All { get; } =
    [
        F32, F16, BF16,
        new("Q4_0", 2, 32, 18, SmallBlocks.Q4_0), new("Q4_1", 3, 32, 20, SmallBlocks.Q4_1),
        new("Q5_0", 6, 32, 22, SmallBlocks.Q5_0), new("Q5_1", 7, 32, 24, SmallBlocks.Q5_1),
        new("Q8_0", 8, 32, 34, SmallBlocks.Q8_0), new("IQ4_NL", 20, 32, 18, SmallBlocks.IQ4_NL),
        new("Q2_K", 10, 256, 84, SuperBlocks.Q2_K), new("Q3_K", 11, 256, 110, SuperBlocks.Q3_K), new("Q4_K", 12, 256, 144, SuperBlocks.Q4_K),
        new("Q5_K", 13, 256, 176, SuperBlocks.Q5_K), new("Q6_K", 14, 256, 210, SuperBlocks.Q6_K), new("IQ4_XS", 23, 256, 136, SuperBlocks.IQ4_XS),
    ];

    // Known by number only to be refused by name.
    private static readonly Dictionary<uint, string> Others = new()
    {
        [9] = "Q8_1", [15] = "Q8_K", [16] = "IQ2_XXS", [17] = "IQ2_XS", [18] = "IQ3_XXS", [19] = "IQ1_S", [21] = "IQ3_S", [22] = "IQ2_S",
        [24] = "I8", [25] = "I16", [26] = "I32", [27] = "I64", [28] = "F64", [29] = "IQ1_M", [34] = "TQ1_0", [35] = "TQ2_0", [39] = "MXFP4",
    };

    public static string Known { get; } = string.Join(", ", All.Select(format => format.Name));

    /// <exception cref="ModelFileException">The number is unknown, or that of a format that is not read here.</exception>
    public static GgmlFormat Of(uint number, MappedFile file, string tensor)
    {
        foreach (var format in All)
            if (format.Number == number) return format;
        if (Others.TryGetValue(number, out var name))
            throw new ModelFileException($"{file.Path}: weights must be in one of the formats {Known}; {tensor} is {name};"
                + " take a file in another quantisation.");
        throw GgufHeader.Broken(file, $"weights must be in one of the formats {Known}; {tensor} has the unknown type {number}");
    }
}
