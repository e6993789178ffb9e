using LST.Core.Tests.Models.Checkpoints;
using LST.Core.Training.Data;

namespace LST.Core.Tests.Training.Data;

public sealed class TokenStreamCacheTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TokenStreamTests.Told _progress = new();
    private readonly IReadOnlyList<string> _documents = Samplers.Documents(12, 8);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Gives_the_same_stream_without_tokenising_again()
    {
        var built = Get(_documents, new TokenStreamSettings { MaxTokens = 900 });
        var documentsTold = _progress.Last.Documents;

        var kept = Get(_documents, new TokenStreamSettings { MaxTokens = 900 }, new TokenStreamTests.Told(_ => Assert.Fail("tokenised again")));

        Assert.Equal(8, documentsTold);
        Assert.Equal(built.ToArray(), kept.ToArray());
        Assert.Equal((built.Sha256, built.IsWhole, built.Name, built.Role), (kept.Sha256, kept.IsWhole, kept.Name, kept.Role));
    }

    [Fact]
    public void Another_text_cap_or_seed_has_another_file()
    {
        Get(_documents, new TokenStreamSettings());
        Get(_documents, new TokenStreamSettings { MaxTokens = 900 });
        Get(_documents, new TokenStreamSettings { MaxTokens = 900, Seed = 1 });
        Get([.. _documents, "More.\n"], new TokenStreamSettings());

        Assert.Equal(4, Files.Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(50)]
    [InlineData(72)]
    [InlineData(73)]
    [InlineData(-1)]
    public void A_changed_byte_is_noticed_and_the_file_made_anew(int at)
    {
        var good = Get(_documents, new TokenStreamSettings());
        var bytes = File.ReadAllBytes(Files.Single());
        bytes[at < 0 ? ^1 : at] ^= 0x40;
        File.WriteAllBytes(Files.Single(), bytes);

        Assert.Equal(good.Sha256, Get(_documents, new TokenStreamSettings()).Sha256);

        bytes[at < 0 ? ^1 : at] ^= 0x40;
        Assert.Equal(bytes, File.ReadAllBytes(Files.Single()));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    [InlineData(76)]
    [InlineData(500)]
    public void A_cut_file_is_noticed_and_made_anew(int length)
    {
        var good = Get(_documents, new TokenStreamSettings());
        var whole = File.ReadAllBytes(Files.Single());
        File.WriteAllBytes(Files.Single(), whole[..length]);

        Assert.Equal(good.Sha256, Get(_documents, new TokenStreamSettings()).Sha256);
        Assert.Equal(whole, File.ReadAllBytes(Files.Single()));
    }

    [Fact]
    public void A_cancelled_text_leaves_no_file()
    {
        using var cancel = new CancellationTokenSource();
        var text = new TrainingText("t", TextRoles.Training, "known", _documents);

        Assert.Throws<OperationCanceledException>(() => new TokenStreamCache(_folder.Path).GetOrBuild(
            text, Samplers.Tokenizer, new TokenStreamSettings(), new TokenStreamTests.Told(_ => cancel.Cancel()), cancel.Token));

        Assert.Empty(Files);
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_named()
    {
        var cache = new TokenStreamCache(_folder.Write("file", "not a folder"));

        Assert.Contains("cannot be kept in", Assert.Throws<DataException>(
            () => cache.GetOrBuild(new TrainingText("t", TextRoles.Training, null, _documents), Samplers.Tokenizer, new TokenStreamSettings(), cancel: TestContext.Current.CancellationToken)).Message);
    }

    [Fact]
    public void Refuses_a_test_text_even_if_a_file_is_there()
    {
        Get(_documents, new TokenStreamSettings());

        Assert.Throws<UsageException>(() => new TokenStreamCache(_folder.Path).GetOrBuild(
            new TrainingText("t", TextRoles.Test, null, _documents), Samplers.Tokenizer, new TokenStreamSettings(), cancel: TestContext.Current.CancellationToken));
    }

    private string[] Files => Directory.GetFiles(_folder.Path);

    private TokenStream Get(IReadOnlyList<string> documents, TokenStreamSettings settings, IProgress<TokenStreamProgress>? progress = null) =>
        new TokenStreamCache(_folder.Path).GetOrBuild(new TrainingText("t", TextRoles.Training, null, documents), Samplers.Tokenizer, settings, progress ?? _progress);
}
