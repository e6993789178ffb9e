using LST.Core.Models.Checkpoints;

namespace LST.Core.Tests.Models.Checkpoints;

public class MappedFileTests
{
    [Fact]
    public void Released_pages_read_the_same_again()
    {
        using var folder = new TemporaryFolder();
        var bytes = Enumerable.Range(0, 20_000).Select(i => (byte)(i * 7)).ToArray();
        using var file = MappedFile.Open(folder.Write("a", bytes));

        Assert.Equal(bytes, file.Span(0, bytes.Length).ToArray());
        file.Release(5_000, 3);
        file.ReleaseAll();

        Assert.Equal(bytes, file.Span(0, bytes.Length).ToArray());
    }

    [Fact]
    public unsafe void Releasing_more_than_the_file_leaves_the_memory_behind_it_alone()
    {
        using var folder = new TemporaryFolder();
        using var file = MappedFile.Open(folder.Write("a", new byte[100]));
        var neighbours = Enumerable.Range(0, 50).Select(_ => GC.AllocateUninitializedArray<byte>(200_000, pinned: true)).ToArray();
        foreach (var neighbour in neighbours) neighbour.AsSpan().Fill(1);

        // Far beyond the end, before the start, and after it.
        file.Release(0, long.MaxValue / 2);
        file.Release(-1_000_000, 10);
        file.Release(100, 1_000_000);

        Assert.All(neighbours, neighbour => Assert.Equal(-1, neighbour.AsSpan().IndexOfAnyExcept((byte)1)));
    }

    [Fact]
    public void An_empty_file_opens_and_has_no_bytes()
    {
        using var folder = new TemporaryFolder();
        using var file = MappedFile.Open(folder.Write("a", ""));

        Assert.Equal(0, file.Length);
        Assert.True(file.Span(0, 0).IsEmpty);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Span(0, 1).Length);
        file.ReleaseAll();
    }

    [Fact]
    public void A_closed_file_is_not_read()
    {
        using var folder = new TemporaryFolder();
        var file = MappedFile.Open(folder.Write("a", "abc"));

        file.Dispose();
        file.Dispose();

        Assert.Throws<ObjectDisposedException>(() => file.Span(0, 1).Length);
        file.ReleaseAll();
    }
}
