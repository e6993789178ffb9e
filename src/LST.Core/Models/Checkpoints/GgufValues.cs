using System.Buffers.Binary;

namespace LST.Core.Models.Checkpoints;

/// <summary>
/// Reads metadata values and narrows the thirteen types of the file to those of <see cref="IModelFile.Metadata"/>:
/// whole numbers become long (ulong only above 2^63−1), floating ones double; arrays alike.
/// </summary>
internal static class GgufValues
{
    private const int MaximumTextBytes = 1 << 24;
    private const int MaximumItems = 1 << 24;
    private const uint BoolType = 7, TextType = 8, ArrayType = 9;

    public static object Read(MappedFile file, ref GgufCursor cursor, string key)
    {
        var type = cursor.UInt32($"the type of {key}");
        return type switch
        {
            TextType => cursor.Text($"the value of {key}", MaximumTextBytes),
            ArrayType => ReadArray(file, ref cursor, key),
            BoolType => Flag(file, cursor.Take(1, key)[0], key),
            _ => Scalar(cursor.Take(BytesOf(file, type, key), $"the value of {key}"), type),
        };
    }

    private static object ReadArray(MappedFile file, ref GgufCursor cursor, string key)
    {
        var type = cursor.UInt32($"the item type of {key}");
        if (type == ArrayType) throw GgufHeader.Broken(file, $"arrays of arrays are unknown here; {key} is one");
        if (type == TextType)
        {
            var texts = new string[cursor.Count($"items of {key}", MaximumItems, 8)];
            for (var i = 0; i < texts.Length; i++) texts[i] = cursor.Text($"an item of {key}", MaximumTextBytes);
            return texts;
        }
        var size = type == BoolType ? 1 : BytesOf(file, type, key);
        var count = cursor.Count($"items of {key}", MaximumItems, size);
        var bytes = cursor.Take(count * size, $"the items of {key}");
        if (type == BoolType)
        {
            var flags = new bool[count];
            for (var i = 0; i < count; i++) flags[i] = Flag(file, bytes[i], key);
            return flags;
        }
        if (type is 6 or 12)
        {
            var numbers = new double[count];
            for (var i = 0; i < count; i++) numbers[i] = (double)Scalar(bytes.Slice(i * size, size), type);
            return numbers;
        }
        var whole = new long[count];
        for (var i = 0; i < count; i++)
            whole[i] = Scalar(bytes.Slice(i * size, size), type) is long number ? number : throw GgufHeader.Broken(file, $"whole numbers in arrays must be"
                + $" below 2^63; {key} has a larger one");
        return whole;
    }

    private static bool Flag(MappedFile file, byte value, string key) =>
        value <= 1 ? value == 1 : throw GgufHeader.Broken(file, $"booleans must be 0 or 1; {key} has {value}");

    private static int BytesOf(MappedFile file, uint type, string key) => type switch
    {
        0 or 1 => 1,
        2 or 3 => 2,
        4 or 5 or 6 => 4,
        10 or 11 or 12 => 8,
        _ => throw GgufHeader.Broken(file, $"metadata types must be from 0 to 12; {key} has {type}"),
    };

    private static object Scalar(ReadOnlySpan<byte> bytes, uint type) => type switch
    {
        0 => (long)bytes[0],
        1 => (long)(sbyte)bytes[0],
        2 => (long)BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        3 => (long)BinaryPrimitives.ReadInt16LittleEndian(bytes),
        4 => (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        5 => (long)BinaryPrimitives.ReadInt32LittleEndian(bytes),
        6 => (double)BinaryPrimitives.ReadSingleLittleEndian(bytes),
        10 => BinaryPrimitives.ReadUInt64LittleEndian(bytes) is var number && number <= long.MaxValue ? (object)(long)number : number,
        11 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        _ => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
    };
}
