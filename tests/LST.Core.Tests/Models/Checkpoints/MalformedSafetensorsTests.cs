using CsCheck;
using LST.Core.Models.Checkpoints;

namespace LST.Core.Tests.Models.Checkpoints;

/// <summary>The corpus of broken safetensors files; none is ever removed.</summary>
public class MalformedSafetensorsTests
{
    private const string Good = """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"U8","shape":[4],"data_offsets":[24,28]}}""";
    private const string X = "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";

    public static TheoryData<string, byte[], string> Corpus => new()
    {
        { "empty file", [], "8-byte header length; the file has 0 bytes" },
        { "five bytes", new byte[5], "8-byte header length; the file has 5 bytes" },
        { "length alone", new byte[8], "must begin with '{'" },
        { "header beyond the file", SafetensorsBytes.Of(X, 8, 70), "must lie inside the file" },
        { "huge header", SafetensorsBytes.Of(X, 8, 100_000_001), "at most 100000000 bytes; it claims 100000001" },
        { "header length of 2^63", SafetensorsBytes.Of(X, 8, long.MinValue), "at most 100000000 bytes" },
        { "header length of 2^64-1", SafetensorsBytes.Of(X, 8, -1), "at most 100000000 bytes" },
        { "not JSON", SafetensorsBytes.Of("{]", 0), "valid JSON" },
        { "array", SafetensorsBytes.Of("[]", 0), "begin with '{'" },
        { "half the JSON", SafetensorsBytes.Of(X, 8, 30), "valid JSON" },
        { "text after the JSON", SafetensorsBytes.Of(X + "x", 8), "valid JSON" },
        { "bad UTF-8", BadUtf8(), "valid JSON" },
        { "lone surrogate", SafetensorsBytes.Of(X.Replace("\"x\"", "\"\\ud800\""), 8), "valid JSON" },
        { "deep nesting", SafetensorsBytes.Of("{\"x\":" + new string('[', 10_000), 0), "must be a JSON object" },
        { "truncated data", SafetensorsBytes.Of(X, 7), "must lie inside the file" },
        { "trailing bytes", SafetensorsBytes.Of(X, 9), "1 bytes are left over" },
        { "data without tensors", SafetensorsBytes.Of("{}", 9), "9 bytes are left over" },
        { "gap at the start", SafetensorsBytes.Of(X.Replace("[0,8]", "[4,12]"), 12), "4 bytes lie unused before \"x\"" },
        { "gap between", SafetensorsBytes.Of(Good.Replace("[24,28]", "[25,29]"), 29), "1 bytes lie unused before \"b\"" },
        { "overlap", SafetensorsBytes.Of(Good.Replace("[24,28]", "[23,27]"), 28), "must not overlap; \"b\"" },
        { "same place twice", SafetensorsBytes.Of(Good.Replace("""{"dtype":"U8","shape":[4],"data_offsets":[24,28]}""", """{"dtype":"F32","shape":[6],"data_offsets":[0,24]}"""), 24), "must not overlap" },
        { "duplicate tensor", SafetensorsBytes.Of(Good.Replace("\"b\"", "\"a\""), 28), "\"a\" stands twice" },
        { "duplicate tensor by escape", SafetensorsBytes.Of(Good.Replace("\"b\"", "\"\\u0061\""), 28), "\"a\" stands twice" },
        { "duplicate dtype", SafetensorsBytes.Of(X.Replace("{\"dtype\"", "{\"dtype\":\"F32\",\"dtype\""), 8), "\"x\" has \"dtype\" twice" },
        { "duplicate metadata", SafetensorsBytes.Of("""{"__metadata__":{},"__metadata__":{}}""", 0), "\"__metadata__\" stands twice" },
        { "duplicate metadata key", SafetensorsBytes.Of("""{"__metadata__":{"a":"","a":""}}""", 0), "__metadata__ has \"a\" twice" },
        { "metadata not text", SafetensorsBytes.Of("""{"__metadata__":{"a":1}}""", 0), "must be a JSON string; found number" },
        { "unexpected key", SafetensorsBytes.Of(X.Replace("\"dtype\"", "\"strides\":[1],\"dtype\""), 8), "only the keys dtype, shape, data_offsets" },
        { "no dtype", SafetensorsBytes.Of(X.Replace("\"dtype\":\"F32\",", ""), 8), "must have dtype, shape" },
        { "no shape", SafetensorsBytes.Of(X.Replace("\"shape\":[2],", ""), 8), "must have dtype, shape" },
        { "one offset", SafetensorsBytes.Of(X.Replace("[0,8]", "[8]"), 8), "two data_offsets" },
        { "three offsets", SafetensorsBytes.Of(X.Replace("[0,8]", "[0,8,8]"), 8), "at most 2 numbers" },
        { "unknown dtype", SafetensorsBytes.Of(X.Replace("F32", "Q4_0"), 8), "types must be one of F64, F32" },
        { "dtype of another size", SafetensorsBytes.Of(X.Replace("F32", "F16"), 8), "shape times type; \"x\" is F16 [2] but has 8 bytes" },
        { "dtype in lower case", SafetensorsBytes.Of(X.Replace("F32", "f32"), 8), "types must be one of" },
        { "dtype a number", SafetensorsBytes.Of(X.Replace("\"F32\"", "32"), 8), "must be a JSON string; found number" },
        { "size mismatch", SafetensorsBytes.Of(X.Replace("[2]", "[3]"), 8), "shape times type" },
        { "negative size", SafetensorsBytes.Of(X.Replace("[2]", "[-2]"), 8), "whole numbers from 0" },
        { "fraction", SafetensorsBytes.Of(X.Replace("[2]", "[2.0]"), 8), "whole numbers from 0" },
        { "size of 2^63", SafetensorsBytes.Of(X.Replace("[2]", "[9223372036854775808]"), 8), "whole numbers from 0" },
        { "product that overflows to zero", SafetensorsBytes.Of(X.Replace("[2]", "[4294967296,4294967296]").Replace("[0,8]", "[0,0]"), 0), "shape times type" },
        { "product that overflows to eight", SafetensorsBytes.Of(X.Replace("[2]", "[9223372036854775807,9223372036854775807,2]"), 8), "shape times type" },
        { "nine dimensions", SafetensorsBytes.Of(X.Replace("[2]", "[1,1,1,1,1,1,1,1,2]"), 8), "at most 8 numbers" },
        { "offsets that descend", SafetensorsBytes.Of(X.Replace("[0,8]", "[8,0]"), 8), "must ascend" },
        { "offset beyond the file", SafetensorsBytes.Of(X.Replace("[0,8]", "[9223372036854775799,9223372036854775807]"), 8), "must lie inside the file" },
        { "name too long", SafetensorsBytes.Of(X.Replace("\"x\"", $"\"{new string('x', 1025)}\""), 8), "at most 1024 bytes" },
        { "tensor not an object", SafetensorsBytes.Of("{\"x\":null}", 0), "must be a JSON object; found null" },
    };

    [Theory, MemberData(nameof(Corpus), DisableDiscoveryEnumeration = true)]
    public void Every_broken_file_is_refused_with_one_sentence(string name, byte[] bytes, string phrase)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("model.safetensors", bytes);

        var error = Assert.Throws<ModelFileException>(() => SafetensorsFile.Open(path));

        Assert.True(error.Message.Contains(phrase), $"{name}: {error.Message}");
        Assert.StartsWith(path, error.Message);
        Assert.EndsWith("copy or convert the file again.", error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void The_good_file_that_they_are_made_from_opens()
    {
        using var folder = new TemporaryFolder();

        using var file = SafetensorsFile.Open(folder.Write("model.safetensors", SafetensorsBytes.Of(Good + "   ", 28)));

        Assert.Equal(["a", "b"], file.Entries.Keys.Order());
        Assert.Equal([24, 25, 26, 27], file.Bytes("b").ToArray());
    }

    [Fact]
    public void A_missing_file_is_one_sentence()
    {
        var error = Assert.Throws<ModelFileException>(() => SafetensorsFile.Open("no-such-folder/a.safetensors"));

        Assert.Contains("does not exist", error.Message);
    }

    [Fact]
    public void Truncation_at_any_length_is_refused()
    {
        using var folder = new TemporaryFolder();
        var good = SafetensorsBytes.Of(Good, 28);

        for (var length = 0; length < good.Length; length++)
        {
            var path = folder.Write("model.safetensors", good[..length]);
            Assert.Throws<ModelFileException>(() => SafetensorsFile.Open(path));
        }
    }

    [Fact]
    public void Random_byte_flips_give_success_or_a_sentence()
    {
        using var folder = new TemporaryFolder();
        var good = SafetensorsBytes.Of(Good, 28);
        var flips = Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte).Array[1, 4];

        flips.Sample(changes =>
        {
            var bytes = good.ToArray();
            foreach (var (at, value) in changes) bytes[at] = value;
            var path = folder.Write("model.safetensors", bytes);
            try
            {
                using var file = SafetensorsFile.Open(path);
                foreach (var name in file.Entries.Keys) file.ReadTensor(name).Dispose();
            }
            catch (ModelFileException)
            {
                // A sentence is one of the two allowed outcomes.
            }
        }, iter: 1_500, threads: 1);
    }

    private static byte[] BadUtf8()
    {
        var bytes = SafetensorsBytes.Of(X, 8);
        bytes[Array.IndexOf(bytes, (byte)'x')] = 0xFF;
        return bytes;
    }
}
