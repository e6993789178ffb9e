using LST.Core;
using LST.Evaluation.Records;

namespace LST.Evaluation.Tests.Records;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void Writes_the_whole_content_and_leaves_nothing_beside_it()
    {
        var path = _temporary.File("a/b/c.json");

        AtomicFile.Write(path, "old");
        AtomicFile.Write(path, "é\n");

        Assert.Equal("é\n"u8.ToArray(), File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(_temporary.File("a/b")));
    }

    [Fact]
    public void A_write_that_fails_keeps_the_old_state_and_leaves_nothing_beside_it()
    {
        Directory.CreateDirectory(_temporary.File("taken/inside")); // a folder stands where the file should go

        var error = Assert.Throws<DataException>(() => AtomicFile.Write(_temporary.File("taken"), "x"));

        Assert.Contains("cannot be written", error.Message, StringComparison.Ordinal);
        Assert.Equal([_temporary.File("taken")], Directory.GetFileSystemEntries(_temporary.Path));
    }

    [Fact]
    public void A_file_in_the_way_of_the_folder_is_one_sentence()
    {
        _temporary.Write("file", "x");

        Assert.Throws<DataException>(() => AtomicFile.Write(_temporary.File("file/a.json"), "x"));
    }
}
