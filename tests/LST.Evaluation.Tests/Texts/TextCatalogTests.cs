using System.IO.Compression;
using System.Text;
using LST.Core;
using LST.Evaluation.Texts;

namespace LST.Evaluation.Tests.Texts;

public sealed class TextCatalogTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();
    private readonly TextCatalog _empty = new([], null);

    public void Dispose() => _temporary.Dispose();

    [Theory]
    [InlineData("api", 325_027, "417413a12a66cde09b8a3bfdee95b460d290c85a30a45eaf5927ad6e246817e6")]
    [InlineData("api-dev", 527_756, "f8d0057c1883c9c343924ad9d4c6b160e7b2550ed2d63eb4c7fe4bae4223cd3e")]
    [InlineData("api-train", 13_962_622, "30d66e5a28e7d42608aec23f34854a36427b79a500df59d94a917b6f57150fae")]
    public void Makes_the_stated_bytes_of_api_prose_from_the_restored_package(string name, long bytes, string sha256)
    {
        var package = ReferencePack.Find();
        Assert.NotNull(package); // the project downloads it at restore

        var text = new TextCatalog([], package).Load(name);

        Assert.Equal((bytes, sha256), (text.Bytes, text.Sha256));
        Assert.Equal(bytes, Encoding.UTF8.GetByteCount(text.Content));
        Assert.Equal("package Microsoft.NETCore.App.Ref 10.0.12", text.Source);
    }

    [Theory]
    [InlineData("wikitext2", 1_290_590, "173c87a53759e0201f33e0ccf978e510c2042d7f2cb78229d9a50d79b9e7dd08")]
    [InlineData("api", 325_027, "417413a12a66cde09b8a3bfdee95b460d290c85a30a45eaf5927ad6e246817e6")]
    [InlineData("books", 1_233_880, "c72805ce503df38109e70cfaf8cd7aa10a22cddc0cd7e1c4e8c80d27f4a8579f")]
    [InlineData("wiki-dev", 3_013_961, "df802b6b531de0db05a5d50055f843b682a966c0fdf5eaa3bc7039df13f81040")]
    [InlineData("api-dev", 527_756, "f8d0057c1883c9c343924ad9d4c6b160e7b2550ed2d63eb4c7fe4bae4223cd3e")]
    [InlineData("books-dev", 845_226, "5809f1e76103b788adffaf04c86e640b20f472ee6db7a5742c109dd2ad64154b")]
    [InlineData("api-train", 13_962_622, "30d66e5a28e7d42608aec23f34854a36427b79a500df59d94a917b6f57150fae")]
    public void Loads_every_named_text_from_a_data_folder(string name, long bytes, string sha256)
    {
        var catalog = new TextCatalog([new DataFolder("shared", Shared.Require("data"))], null);

        var text = catalog.Load(name.ToUpperInvariant());

        Assert.Equal((name, bytes, sha256), (text.Name, text.Bytes, text.Sha256));
        Assert.StartsWith("shared ", text.Source, StringComparison.Ordinal);
        Assert.DoesNotContain("<|doc|>", text.Content, StringComparison.Ordinal);
    }

    [Fact]
    public void Package_and_data_folder_give_the_same_training_documents()
    {
        var folder = new DataFolder("shared", Shared.Require("data"));

        var fromFolder = new TextCatalog([folder], null).Documents("api-train").ToList();
        var fromPackage = new TextCatalog([], ReferencePack.Find()).Documents("api-train").ToList();

        Assert.Equal(3_516, fromPackage.Count);
        Assert.Equal(fromFolder, fromPackage);
    }

    [Fact]
    public void Corpus_documents_are_whole_articles_and_start_with_the_first_shard()
    {
        var catalog = new TextCatalog([new DataFolder("shared", Shared.Require("data/corpus").Replace("/corpus", "", StringComparison.Ordinal))], null);

        var novels = catalog.Documents("corpus").Take(20).ToList();

        Assert.All(novels, n => Assert.True(n.EndsWith('\n') && n.Length > 100_000));
    }

    [Fact]
    public void A_changed_corpus_shard_is_refused_before_a_document_is_given()
    {
        _temporary.Write("corpus/wiki-01.txt.gz", "an article\n");
        var catalog = new TextCatalog([new DataFolder("LST_DATA", _temporary.Path)], null);

        var error = Assert.Throws<DataException>(() => catalog.Documents("corpus").First());

        Assert.Contains("wiki-01.txt.gz", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_text_is_refused_with_both_digests()
    {
        _temporary.Write("books-heldout/moby-dick.txt", "Call me Ishmael.\n");
        var catalog = new TextCatalog([new DataFolder("LST_DATA", _temporary.Path)], null);

        var error = Assert.Throws<DataException>(() => catalog.Load("books"));

        Assert.Contains("c72805ce", error.Message, StringComparison.Ordinal);
        Assert.Contains("LST_DATA books-heldout/moby-dick.txt gives 17 bytes", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_temporary.Path, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("wikitext2", "LST_DATA")]
    [InlineData("corpus", "corpus/*.gz")]
    [InlineData("api", "./lst setup")]
    public void A_missing_text_says_how_to_get_it(string name, string remedy)
    {
        var error = Assert.Throws<DataException>(() => _empty.Load(name));

        Assert.Contains($"'{name}' is not on this machine", error.Message, StringComparison.Ordinal);
        Assert.Contains(remedy, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_name_is_wrong_usage_and_lists_the_known_ones()
    {
        var error = Assert.Throws<UsageException>(() => _empty.Load("wikitext3"));

        Assert.Contains("wikitext2, api, books, wiki-dev, api-dev, books-dev, api-train, corpus", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_a_data_error() => Assert.Throws<DataException>(() => _empty.Load(_temporary.File("none.txt")));

    [Fact]
    public void A_folder_is_refused_in_a_sentence() =>
        Assert.Contains("it is a folder", Assert.Throws<DataException>(() => _empty.Load(_temporary.Path)).Message, StringComparison.Ordinal);

    [Fact]
    public void An_empty_file_is_refused() =>
        Assert.Contains("is empty", Assert.Throws<DataException>(() => _empty.Load(_temporary.Write("a.txt", ""))).Message, StringComparison.Ordinal);

    [Fact]
    public void Invalid_utf8_is_refused_with_the_place_of_the_first_bad_byte()
    {
        var path = _temporary.Write("a.txt", [.. "été "u8, 0xff, .. "x"u8]);

        Assert.Contains("byte 6 ", Assert.Throws<DataException>(() => _empty.Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_is_taken_as_it_is_and_named_without_its_folder()
    {
        const string content = "\uFEFFa\r\n<|doc|>\nß𝄞\n";

        var text = _empty.Load(_temporary.Write("notes/my text.txt", content));

        Assert.Equal(content, text.Content);
        Assert.Equal(("my text.txt", "file my text.txt", (long)Encoding.UTF8.GetByteCount(content)), (text.Name, text.Source, text.Bytes));
    }

    [Fact]
    public void A_gzip_file_is_unpacked_and_a_torn_one_is_refused()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true)) gzip.Write(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 5_000))));

        var whole = _empty.Load(_temporary.Write("a.gz", packed.ToArray()));

        Assert.StartsWith("01234567891011", whole.Content, StringComparison.Ordinal);
        Assert.Throws<DataException>(() => _empty.Load(_temporary.Write("b.gz", packed.ToArray()[..(int)(packed.Length / 2)])));
    }

    [Fact]
    public void The_first_folder_that_has_a_text_wins()
    {
        _temporary.Write("books-heldout/moby-dick.txt", "changed");
        var changed = new DataFolder("LST_DATA", _temporary.Path);
        var shared = new DataFolder("shared", Shared.Require("data"));

        Assert.Equal("shared books-heldout/moby-dick.txt", new TextCatalog([shared, changed], null).Load("books").Source);
        Assert.Throws<DataException>(() => new TextCatalog([changed, shared], null).Load("books"));
    }

    [Fact]
    public void The_list_says_where_each_text_was_found()
    {
        _temporary.Write("wiki-heldout/wiki-dev.txt.gz", "x");

        var list = new TextCatalog([new DataFolder("project", _temporary.Path)], ReferencePack.Find()).List().ToDictionary(e => e.Name);

        Assert.Equal(("project", "package", null), (list["wiki-dev"].FoundIn, list["api"].FoundIn, list["books"].FoundIn));
        Assert.Equal(("test", "development", "training"), (list["api"].Role, list["api-dev"].Role, list["api-train"].Role));
        Assert.All(list.Values, e => Assert.True(e.HowToGet.Length > 0 && e.Licence.Length > 0));
    }

    [Fact]
    public void The_lock_names_no_registry_host_and_every_digest_is_complete()
    {
        var all = DatasetLock.Current;

        Assert.All(all.Texts.Select(t => t.Address).Concat(all.Models.Select(m => m.Address)), a => Assert.DoesNotContain("://", a, StringComparison.Ordinal));
        Assert.All(all.Texts.SelectMany(t => t.Files).Select(f => f.Sha256).Concat(all.Models.Select(m => m.Sha256)), d => Assert.Matches("^[0-9a-f]{64}$", d));
        Assert.Equal((98_362_432, "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"), (all.Models.Single().Bytes, all.Models.Single().Sha256));
    }
}
