using System.Text.Json;
using LST.Core.Models.Checkpoints;

namespace LST.Core.Tests.Models.Checkpoints;

public class GgmlFormatsTests
{
    public static TheoryData<string> Formats => [.. GgmlFormats.Names.Where(name => name != "F32")];

    [Theory, MemberData(nameof(Formats))]
    public void Every_format_decodes_to_its_reference_values(string format)
    {
        var path = Shared.Require("goldens/gguf/quants.safetensors");
        var tolerance = JsonDocument.Parse(File.ReadAllText(Path.ChangeExtension(path, ".json"))).RootElement.GetProperty("tolerance").GetSingle();
        using var file = SafetensorsFile.Open(path);
        using var expected = file.ReadTensor($"{format}.values");
        var columns = (int)expected.shape[1];
        var reference = expected.data<float>().ToArray();
        var values = new float[reference.Length];

        GgmlFormats.Decode(format, file.Bytes($"{format}.raw"), values);

        for (var start = 0; start < reference.Length; start += columns)
        {
            var largest = reference.Skip(start).Take(columns).Max(MathF.Abs);
            for (var i = start; i < start + columns; i++) Assert.InRange(MathF.Abs(reference[i] - values[i]), 0, tolerance * largest);
        }
    }

    [Fact]
    public void Every_reference_format_is_read()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Shared.Require("goldens/gguf/quants.json")));

        foreach (var format in document.RootElement.GetProperty("formats").EnumerateObject())
        {
            var (block, bytes) = (format.Value.GetProperty("block").GetInt64(), format.Value.GetProperty("bytes").GetInt64());
            Assert.Equal(bytes, GgmlFormats.BytesOf(format.Name, block));
        }
    }

    [Fact]
    public void Unknown_formats_and_wrong_sizes_are_one_sentence()
    {
        Assert.Contains("found \"Q9_9\"", Assert.Throws<ModelFileException>(() => GgmlFormats.BytesOf("Q9_9", 32)).Message);
        Assert.Contains("multiples of 32", Assert.Throws<ModelFileException>(() => GgmlFormats.BytesOf("Q4_0", 33)).Message);
        Assert.Contains("take 18 bytes; found 17", Assert.Throws<ModelFileException>(() => GgmlFormats.Decode("Q4_0", new byte[17], new float[32])).Message);
    }
}
