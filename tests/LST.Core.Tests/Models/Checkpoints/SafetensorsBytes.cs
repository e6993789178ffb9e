using System.Buffers.Binary;
using System.Text;

namespace LST.Core.Tests.Models.Checkpoints;

/// <summary>Builds safetensors files by hand, right or wrong.</summary>
internal static class SafetensorsBytes
{
    public static byte[] Of(string header, int dataBytes, long? claimedHeaderBytes = null)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var file = new byte[8 + json.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(file, claimedHeaderBytes ?? json.Length);
        json.CopyTo(file, 8);
        for (var i = 0; i < dataBytes; i++) file[8 + json.Length + i] = (byte)i;
        return file;
    }
}
