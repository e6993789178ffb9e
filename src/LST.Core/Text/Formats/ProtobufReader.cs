using System.Buffers.Binary;
using System.Text;

namespace LST.Core.Text.Formats;

/// <summary>Reads the fields of one protobuf message; every length is checked against the bytes that are left.</summary>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message, string source)
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, true);

    private ReadOnlySpan<byte> _rest = message;
    private int _wireType;

    /// <summary>Number of the field that <see cref="Next"/> moved to.</summary>
    internal int Field { get; private set; }

    /// <summary>Moves to the next field; the value of the present one must have been read or skipped.</summary>
    internal bool Next()
    {
        if (_rest.IsEmpty) return false;
        var tag = Varint();
        Field = (int)(tag >> 3);
        _wireType = (int)(tag & 7);
        if (tag > int.MaxValue || Field == 0) throw Broken("a field number is 0 or too large");
        return true;
    }

    internal ulong Number()
    {
        Expect(0);
        return Varint();
    }

    internal float Float()
    {
        Expect(5);
        return BinaryPrimitives.ReadSingleLittleEndian(Take(4));
    }

    internal ReadOnlySpan<byte> Bytes()
    {
        Expect(2);
        return Take(Varint());
    }

    internal string Text()
    {
        try
        {
            return StrictUtf8.GetString(Bytes());
        }
        catch (DecoderFallbackException)
        {
            throw Broken("a text is not UTF-8");
        }
    }

    internal void Skip()
    {
        switch (_wireType)
        {
            case 0: Varint(); break;
            case 1: Take(8); break;
            case 2: Take(Varint()); break;
            case 5: Take(4); break;
            default: throw Broken($"wire type {_wireType} does not occur in it");
        }
    }

    private void Expect(int wireType)
    {
        if (_wireType != wireType) throw Broken($"field {Field} has wire type {_wireType} instead of {wireType}");
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
        throw Broken("a number has more than 64 bits");
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)_rest.Length) throw Broken($"{length} bytes are announced and {_rest.Length} are left");
        var taken = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return taken;
    }

    private readonly TokenizerException Broken(string found) =>
        new($"{source}: a SentencePiece model is a protobuf message, but {found}; the file is truncated or of another kind.");
}
