using System.Text;

namespace LST.Core.Tests.Text;

/// <summary>Reads the metadata of a well-formed GGUF file; only for tests of tokenizers.</summary>
internal static class GgufMetadata
{
    public static Dictionary<string, object> Read(string path)
    {
        using var reader = new BinaryReader(File.OpenRead(path));
        Assert.Equal("GGUF", Encoding.ASCII.GetString(reader.ReadBytes(4)));
        reader.ReadUInt32();
        reader.ReadUInt64();
        var metadata = new Dictionary<string, object>();
        for (var count = reader.ReadUInt64(); count > 0; count--)
        {
            var name = Text(reader);
            metadata[name] = Value(reader, reader.ReadUInt32());
        }
        return metadata;
    }

    private static object Value(BinaryReader reader, uint type) => type switch
    {
        0 => (long)reader.ReadByte(),
        1 => (long)reader.ReadSByte(),
        2 => (long)reader.ReadUInt16(),
        3 => (long)reader.ReadInt16(),
        4 => (long)reader.ReadUInt32(),
        5 => (long)reader.ReadInt32(),
        6 => (double)reader.ReadSingle(),
        7 => reader.ReadByte() != 0,
        8 => Text(reader),
        9 => List(reader),
        10 => reader.ReadUInt64(),
        11 => reader.ReadInt64(),
        12 => reader.ReadDouble(),
        _ => throw new InvalidDataException($"type {type}"),
    };

    private static object List(BinaryReader reader)
    {
        var type = reader.ReadUInt32();
        var values = Enumerable.Range(0, checked((int)reader.ReadUInt64())).Select(_ => Value(reader, type)).ToList();
        return type switch
        {
            7 => values.Cast<bool>().ToArray(),
            8 => values.Cast<string>().ToArray(),
            6 or 12 => values.Cast<double>().ToArray(),
            _ => values.Cast<long>().ToArray(),
        };
    }

    private static string Text(BinaryReader reader) => Encoding.UTF8.GetString(reader.ReadBytes(checked((int)reader.ReadUInt64())));
}
