using System.Buffers.Binary;
using System.Text.Json;

namespace LST.Core.Models.Checkpoints;

/// <summary>
/// The strict reading of a safetensors header: an 8-byte little-endian length, then JSON, then the tensors from zero without gap or overlap
/// up to the file's last byte. Nothing is allocated for tensors, and nothing that the header itself does not pay for byte by byte.
/// </summary>
internal sealed record SafetensorsHeader(IReadOnlyDictionary<string, SafetensorsEntry> Entries, IReadOnlyDictionary<string, string> Metadata)
{
    public const long MaximumHeaderBytes = 100_000_000;
    public const int MaximumTensors = 200_000;
    public const int MaximumNameLength = 1_024;
    public const int MaximumRank = 8;
    private const string MetadataKey = "__metadata__";

    /// <exception cref="ModelFileException">The header breaks a rule; the message names it.</exception>
    public static SafetensorsHeader Read(MappedFile file)
    {
        if (file.Length < 8) throw Broken(file, $"it must begin with an 8-byte header length; the file has {file.Length} bytes");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(file.Span(0, 8));
        if (length > MaximumHeaderBytes) throw Broken(file, $"its header may have at most {MaximumHeaderBytes} bytes; it claims {length}");
        if (8 + (long)length > file.Length) throw Broken(file, $"its header of {length} bytes must lie inside the file; the file has {file.Length} bytes");
        var json = file.Span(8, (int)length);
        if (json.IsEmpty || json[0] != (byte)'{') throw Broken(file, "its header must begin with '{'");
        try
        {
            return new Parser(file, json).Parse();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw Broken(file, $"its header must be valid JSON ({error.Message.TrimEnd('.')})", error);
        }
    }

    public static ModelFileException Broken(MappedFile file, string rule, Exception? inner = null) =>
        new($"{file.Path} is not a valid safetensors file: {rule}; copy or convert the file again.", inner);

    private ref struct Parser(MappedFile file, ReadOnlySpan<byte> json)
    {
        private readonly long _dataStart = 8 + json.Length;
        private Utf8JsonReader _reader = new(json);

        public SafetensorsHeader Parse()
        {
            var entries = new Dictionary<string, SafetensorsEntry>(StringComparer.Ordinal);
            Dictionary<string, string>? metadata = null;
            Expect(JsonTokenType.StartObject, "the header");
            while (NextName("the header") is { } name)
            {
                if (name == MetadataKey)
                {
                    if (metadata is not null) throw Broken(file, $"keys must be unique; \"{MetadataKey}\" stands twice");
                    metadata = ReadMetadata();
                    continue;
                }
                if (entries.Count == MaximumTensors) throw Broken(file, $"it may hold at most {MaximumTensors} tensors; it holds more");
                if (!entries.TryAdd(name, ReadEntry(name))) throw Broken(file, $"tensor names must be unique; {Shown.Quote(name)} stands twice");
            }
            _reader.Read(); // throws if anything but white space follows
            CheckLayout(entries);
            return new SafetensorsHeader(entries, metadata ?? []);
        }

        private SafetensorsEntry ReadEntry(string name)
        {
            string? format = null;
            List<long>? shape = null, offsets = null;
            Expect(JsonTokenType.StartObject, Shown.Quote(name));
            while (NextName(Shown.Quote(name)) is { } key)
            {
                var seen = key switch { "dtype" => format is not null, "shape" => shape is not null, "data_offsets" => offsets is not null, _ => false };
                if (seen) throw Broken(file, $"keys must be unique; {Shown.Quote(name)} has \"{key}\" twice");
                switch (key)
                {
                    case "dtype": format = ReadText($"the dtype of {Shown.Quote(name)}"); break;
                    case "shape": shape = ReadNumbers($"the shape of {Shown.Quote(name)}", MaximumRank); break;
                    case "data_offsets": offsets = ReadNumbers($"the data_offsets of {Shown.Quote(name)}", 2); break;
                    default: throw Broken(file, $"a tensor may have only the keys dtype, shape, data_offsets; {Shown.Quote(name)} has {Shown.Quote(key)}");
                }
            }
            if (format is null || shape is null || offsets is not { Count: 2 })
                throw Broken(file, $"a tensor must have dtype, shape and two data_offsets; {Shown.Quote(name)} has not");
            return Checked(name, format, shape, offsets[0], offsets[1]);
        }

        private SafetensorsEntry Checked(string name, string format, List<long> shape, long begin, long end)
        {
            var type = SafetensorsType.Find(format) ?? throw Broken(file, $"types must be one of {SafetensorsType.Known};"
                + $" {Shown.Quote(name)} has {Shown.Quote(format)}");
            if (begin > end) throw Broken(file, $"data_offsets must ascend; {Shown.Quote(name)} has [{begin}, {end}]");
            var available = file.Length - _dataStart;
            if (end > available) throw Broken(file, $"tensors must lie inside the file; {Shown.Quote(name)} ends at {end} of {available} bytes (a"
                + " truncated copy?)");
            // 128 bits: eight dimensions of 63 bits could pass any check in 64.
            UInt128 bytes = (UInt128)type.Bytes;
            foreach (var size in shape) bytes = bytes > long.MaxValue ? bytes : bytes * (UInt128)size;
            if (shape.Contains(0)) bytes = 0;
            if (bytes != (UInt128)(end - begin))
                throw Broken(file, $"bytes must equal shape times type; {Shown.Quote(name)} is {format} {Shown.Shape(shape)} but has {end - begin} bytes");
            return new SafetensorsEntry(name, format, shape.ToArray(), _dataStart + begin, end - begin);
        }

        private readonly void CheckLayout(Dictionary<string, SafetensorsEntry> entries)
        {
            var expected = _dataStart;
            foreach (var entry in entries.Values.OrderBy(entry => entry.Offset).ThenBy(entry => entry.Bytes))
            {
                if (entry.Offset > expected) throw Broken(file, $"tensors must follow each other without a gap;"
                    + $" {entry.Offset - expected} bytes lie unused before {Shown.Quote(entry.Name)}");
                if (entry.Offset < expected) throw Broken(file, $"tensors must not overlap;"
                    + $" {Shown.Quote(entry.Name)} begins {expected - entry.Offset} bytes before the one before it ends");
                expected += entry.Bytes;
            }
            if (expected != file.Length) throw Broken(file, $"the last tensor must end with the file; {file.Length - expected} bytes are left over");
        }

        private Dictionary<string, string> ReadMetadata()
        {
            var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
            Expect(JsonTokenType.StartObject, MetadataKey);
            while (NextName(MetadataKey) is { } key)
                if (!metadata.TryAdd(key, ReadText($"{MetadataKey} {Shown.Quote(key)}"))) throw Broken(file, $"keys must be unique;"
                    + $" {MetadataKey} has {Shown.Quote(key)} twice");
            return metadata;
        }

        private List<long> ReadNumbers(string what, int most)
        {
            var numbers = new List<long>(most);
            Expect(JsonTokenType.StartArray, what);
            while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
            {
                if (_reader.TokenType != JsonTokenType.Number || !_reader.TryGetInt64(out var number) || number < 0)
                    throw Broken(file, $"{what} must be whole numbers from 0 to 2^63-1; one of them is not");
                if (numbers.Count == most) throw Broken(file, $"{what} may have at most {most} numbers; it has more");
                numbers.Add(number);
            }
            return numbers;
        }

        private string? NextName(string where)
        {
            if (!_reader.Read() || _reader.TokenType == JsonTokenType.EndObject) return null;
            // Escapes only shorten, so the raw length bounds the text's.
            var name = _reader.ValueSpan.Length <= MaximumNameLength ? _reader.GetString()! : null;
            return name ?? throw Broken(file, $"names may have at most {MaximumNameLength} bytes; one in {where} has {_reader.ValueSpan.Length}");
        }

        private string ReadText(string what)
        {
            Expect(JsonTokenType.String, what);
            return _reader.GetString()!;
        }

        private void Expect(JsonTokenType token, string what)
        {
            if (!_reader.Read() || _reader.TokenType != token) throw Broken(file, $"{what} must be a JSON {Word(token)}; found {Word(_reader.TokenType)}");
        }

        private static string Word(JsonTokenType token) => token switch
        {
            JsonTokenType.StartObject => "object", JsonTokenType.StartArray => "array", JsonTokenType.String => "string",
            JsonTokenType.Number => "number", JsonTokenType.True or JsonTokenType.False => "boolean", JsonTokenType.Null => "null", _ => "nothing",
        };
    }
}
