namespace LST.Core.Models.Checkpoints;

/// <summary>One tensor of a GGUF file.</summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Format">How its values are stored.</param>
/// <param name="Shape">Dimensions, outermost first (the file has them innermost first).</param>
/// <param name="Offset">First byte, counted from the start of the file.</param>
/// <param name="Bytes">Number of bytes.</param>
internal sealed record GgufTensor(string Name, GgmlFormat Format, long[] Shape, long Offset, long Bytes)
{
    /// <summary>Values in one row, the innermost dimension.</summary>
    public long Columns => Shape[^1];

    public long RowBytes => Columns / Format.BlockValues * Format.BlockBytes;

    public long Rows => Bytes / RowBytes;
}

/// <summary>
/// The strict reading of the head of a GGUF file (versions 2 and 3, little-endian): counts, lengths, types, sizes and places are all checked
/// before anything that they ask for is allocated.
/// </summary>
internal sealed record GgufHeader(IReadOnlyDictionary<string, object> Metadata, IReadOnlyDictionary<string, GgufTensor> Tensors)
{
    private const int MaximumTensors = 200_000;
    private const int MaximumFields = 100_000;
    private const int MaximumNameBytes = 1_024;
    private const int MaximumKeyBytes = 65_535;
    private const int MaximumRank = 4;
    private const long MaximumAlignment = 1 << 20;
    private const string AlignmentKey = "general.alignment";

    /// <exception cref="ModelFileException">The file breaks a rule; the message names it.</exception>
    public static GgufHeader Read(MappedFile file)
    {
        var cursor = new GgufCursor(file);
        if (!cursor.Take(4, "magic").SequenceEqual("GGUF"u8)) throw Broken(file, "it must begin with the letters GGUF; it does not");
        var version = cursor.UInt32("version");
        if (version is not (2 or 3))
            throw Broken(file, $"its version must be 2 or 3; found {version}{((version & 0xFFFF) == 0 ? " (a big-endian file?)" : "")}");
        // A tensor takes at least: name length, rank, one dimension, type, offset. A field: key length, type, one byte.
        var tensorCount = cursor.Count("tensors", MaximumTensors, 8 + 4 + 8 + 4 + 8);
        var fieldCount = cursor.Count("metadata fields", MaximumFields, 8 + 4 + 1);
        var metadata = ReadMetadata(file, ref cursor, fieldCount);
        var alignment = Alignment(file, metadata);
        var tensors = new List<(string Name, GgmlFormat Format, long[] Shape, long Bytes, ulong Offset)>();
        for (var i = 0; i < tensorCount; i++) tensors.Add(ReadTensor(file, ref cursor));
        var dataStart = (cursor.Position + alignment - 1) / alignment * alignment;
        return new GgufHeader(metadata, Place(file, tensors, dataStart, alignment));
    }

    public static ModelFileException Broken(MappedFile file, string rule, Exception? inner = null) =>
        new($"{file.Path} is not a valid GGUF file: {rule}; copy or convert the file again.", inner);

    private static Dictionary<string, object> ReadMetadata(MappedFile file, ref GgufCursor cursor, int count)
    {
        var metadata = new Dictionary<string, object>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            var key = cursor.Text("a metadata key", MaximumKeyBytes);
            var value = GgufValues.Read(file, ref cursor, Shown.Quote(key));
            if (!metadata.TryAdd(key, value)) throw Broken(file, $"metadata keys must be unique; {Shown.Quote(key)} stands twice");
        }
        return metadata;
    }

    private static long Alignment(MappedFile file, Dictionary<string, object> metadata)
    {
        if (!metadata.TryGetValue(AlignmentKey, out var value)) return 32;
        return value is long alignment and > 0 and <= MaximumAlignment && long.IsPow2(alignment)
            ? alignment
            : throw Broken(file, $"{AlignmentKey} must be a power of two up to {MaximumAlignment}; found {value}");
    }

    private static (string Name, GgmlFormat Format, long[] Shape, long Bytes, ulong Offset) ReadTensor(MappedFile file, ref GgufCursor cursor)
    {
        var name = cursor.Text("a tensor name", MaximumNameBytes);
        var shown = Shown.Quote(name);
        var rank = cursor.UInt32($"the rank of {shown}");
        if (rank is 0 or > MaximumRank) throw Broken(file, $"tensors must have 1 to {MaximumRank} dimensions; {shown} has {rank}");
        var shape = new long[rank];
        UInt128 elements = 1;
        for (var i = 0; i < rank; i++)
        {
            var size = cursor.UInt64($"the shape of {shown}");
            elements *= size;
            if (size == 0 || elements > long.MaxValue) throw Broken(file, $"tensors must have from 1 to 2^63-1 values; {shown} has not");
            shape[rank - 1 - i] = (long)size;
        }
        var format = GgmlFormat.Of(cursor.UInt32($"the type of {shown}"), file, shown);
        if (shape[^1] % format.BlockValues != 0) throw Broken(file, $"rows of {format.Name} must be multiples of {format.BlockValues} values;"
            + $" {shown} has rows of {shape[^1]}");
        var bytes = elements / (UInt128)format.BlockValues * (UInt128)format.BlockBytes;
        if (bytes > (UInt128)file.Length) throw Broken(file, $"tensors must lie inside the file of {file.Length} bytes;"
            + $" {shown} takes {bytes} (a truncated copy?)");
        return (name, format, shape, (long)bytes, cursor.UInt64($"the offset of {shown}"));
    }

    private static Dictionary<string, GgufTensor> Place(
        MappedFile file, List<(string Name, GgmlFormat Format, long[] Shape, long Bytes, ulong Offset)> tensors, long dataStart, long alignment)
    {
        var placed = new Dictionary<string, GgufTensor>(StringComparer.Ordinal);
        foreach (var (name, format, shape, bytes, offset) in tensors)
        {
            var shown = Shown.Quote(name);
            if (offset % (ulong)alignment != 0) throw Broken(file, $"tensors must begin at multiples of {alignment} bytes; {shown} begins at {offset}");
            if (offset > (ulong)file.Length || dataStart + (long)offset + bytes > file.Length)
                throw Broken(file, $"tensors must lie inside the file of {file.Length} bytes;"
                    + $" {shown} takes {bytes} from {dataStart} + {offset} (a truncated copy?)");
            if (!placed.TryAdd(name, new GgufTensor(name, format, shape, dataStart + (long)offset, bytes))) throw Broken(file, $"tensor names must be"
                + $" unique; {shown} stands twice");
        }
        CheckLayout(file, placed.Values, dataStart, alignment);
        return placed;
    }

    // As in llama.cpp, nothing but padding lies between tensors, and after the last; else a wrong count could shift all data unseen.
    private static void CheckLayout(MappedFile file, IEnumerable<GgufTensor> tensors, long dataStart, long alignment)
    {
        var (end, before) = (dataStart, "the head of the file");
        foreach (var tensor in tensors.OrderBy(tensor => tensor.Offset))
        {
            var shown = Shown.Quote(tensor.Name);
            if (tensor.Offset < end) throw Broken(file, $"tensors must not overlap; {shown} begins inside {before}");
            if (tensor.Offset - end >= alignment) throw Broken(file, $"tensors must follow each other with padding only;"
                + $" {tensor.Offset - end} bytes lie unused before {shown}");
            (end, before) = (tensor.Offset + tensor.Bytes, shown);
        }
        if (file.Length - end >= alignment) throw Broken(file, $"the last tensor must end with the file; {file.Length - end} bytes are left over");
    }
}
