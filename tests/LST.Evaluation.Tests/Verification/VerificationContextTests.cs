using System.Security.Cryptography;
using System.Text;
using LST.Evaluation.Verification;

namespace LST.Evaluation.Tests.Verification;

public sealed class VerificationContextTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lst-find").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_beside_the_naming_one_is_found_first()
    {
        Write("goldens/part/x.bin", "near");
        Write("goldens/x.bin", "far");

        Assert.Equal("near", Read(Context().Find("x.bin", null, Path.Combine(_folder, "goldens/part/case.json"))));
        Assert.Equal("far", Read(Context().Find("x.bin")));
        Assert.Equal("far", Read(Context().Find("../x.bin", null, Path.Combine(_folder, "goldens/part/case.json"))));
    }

    [Theory]
    [InlineData("models/m.gguf")]
    [InlineData("data/models/m.gguf")]
    [InlineData("../data/models/m.gguf")]
    [InlineData("../../goldens/models/m.gguf")]
    public void A_path_s_end_is_found_below_the_folder_its_parent_and_their_data(string name)
    {
        Write("data/deep/models/m.gguf", "x");
        Write("data/other/m.gguf", "y");

        Assert.Equal("x", Read(Context().Find(name)));
    }

    [Fact]
    public void A_file_with_another_hash_is_passed_over_and_the_search_goes_on()
    {
        Write("goldens/m.bin", "wrong");
        Write("data/m.bin", "right");
        var hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes("right")));

        Assert.Equal("right", Read(Context().Find("m.bin", hash)));
        Assert.Null(Context().Find("m.bin", new string('0', 64)));
    }

    [Fact]
    public void Links_are_followed_even_in_circles()
    {
        Write("elsewhere/models/m.bin", "x");
        Directory.CreateDirectory(Path.Combine(_folder, "goldens"));
        Directory.CreateSymbolicLink(Path.Combine(_folder, "goldens", "link"), Path.Combine(_folder, "elsewhere"));
        Directory.CreateSymbolicLink(Path.Combine(_folder, "elsewhere", "circle"), Path.Combine(_folder, "goldens"));

        Assert.Equal("x", Read(Context().Find("models/m.bin")));
        Assert.Null(Context().Find("models/none.bin"));
    }

    [Fact]
    public void Names_that_climb_out_in_the_middle_are_not_searched() => Assert.Null(Context().Find("a/../../b"));

    private VerificationContext Context()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "goldens"));
        return new VerificationContext(Path.Combine(_folder, "goldens"));
    }

    private void Write(string path, string text)
    {
        var full = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }

    private static string? Read(string? path) => path is null ? null : File.ReadAllText(path);
}
