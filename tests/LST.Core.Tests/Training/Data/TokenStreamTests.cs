using CsCheck;
using LST.Core.Training.Data;

namespace LST.Core.Tests.Training.Data;

public class TokenStreamTests
{
    private static readonly IReadOnlyList<string> Documents = Samplers.Documents(11, 25);

    [Fact]
    public void The_whole_text_gives_the_ids_of_its_joined_documents()
    {
        var stream = Build(Documents, new TokenStreamSettings());

        Assert.Equal(Samplers.Tokenizer.Encode(string.Join('\n', Documents)), stream.ToArray());
        Assert.True(stream.IsWhole);
    }

    [Fact]
    public void Sections_follow_each_other_without_a_gap_and_change_no_token()
    {
        var book = string.Join("\n", Documents);

        var stream = Build([book], new TokenStreamSettings { SectionCharacters = 1024 });

        Assert.True(TokenStream.Sections(book, 1024).Count() > 10);
        Assert.Equal(book, string.Concat(TokenStream.Sections(book, 1024)));
        Assert.Equal(Samplers.Tokenizer.Encode(book), stream.ToArray());
    }

    [Fact]
    public void Any_text_is_cut_into_sections_that_make_it_again() => Gen.Select(Gen.String["ab1 \n.\U0001F600"], Gen.Int[1, 9]).Sample((text, length) =>
        Assert.Equal(text, string.Concat(TokenStream.Sections(text, length))), iter: 300, threads: 1);

    [Fact]
    public void A_cap_is_met_exactly_by_documents_from_all_over_the_text_in_its_order() => Gen.Select(Gen.Long[1, 9000], Gen.Long[0, 50]).Sample((cap, seed) =>
    {
        var stream = Build(Documents, new TokenStreamSettings { MaxTokens = cap, Seed = seed });

        Assert.Equal(cap, stream.Count);
        Assert.False(stream.IsWhole);
        Assert.Equal(Naive(cap, seed), stream.ToArray());
    }, iter: 30, threads: 1);

    // All documents tokenised, sorted by rank, taken until the cap, put back into order.
    private static int[] Naive(long cap, long seed)
    {
        var ranks = new SplittableRandom((ulong)seed).Split("sections");
        var taken = new List<(int Place, int[] Ids)>();
        var rest = cap;
        foreach (var place in Enumerable.Range(0, Documents.Count).OrderBy(i => ranks.Split((ulong)i).NextBits()))
        {
            if (rest == 0) break;
            var ids = Samplers.Tokenizer.Encode(Documents[place] + (place == Documents.Count - 1 ? "" : "\n"));
            ids = ids[..(int)Math.Min(rest, ids.Length)];
            rest -= ids.Length;
            taken.Add((place, ids));
        }
        return [.. taken.OrderBy(t => t.Place).SelectMany(t => t.Ids)];
    }

    [Fact]
    public void A_cap_above_the_text_takes_the_whole_text()
    {
        var all = Build(Documents, new TokenStreamSettings());

        var capped = Build(Documents, new TokenStreamSettings { MaxTokens = all.Count });

        Assert.Equal((all.Sha256, true), (capped.Sha256, capped.IsWhole));
    }

    [Fact]
    public void Copies_any_range_and_refuses_one_that_leaves_the_text()
    {
        var stream = Build(Documents, new TokenStreamSettings());
        var ids = new long[5];

        stream.Copy(stream.Count - 5, ids);

        Assert.Equal(stream.ToArray()[^5..].Select(id => (long)id), ids);
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.Copy(stream.Count - 4, ids));
    }

    [Theory]
    [InlineData("test")]
    [InlineData("development")]
    [InlineData("")]
    public void Refuses_what_must_not_be_learned_before_it_is_read(string role)
    {
        var text = new TrainingText("wiki", role, null, Unreadable());

        var message = Assert.Throws<UsageException>(() => TokenStream.Build(text, Samplers.Tokenizer, new TokenStreamSettings(), cancel: TestContext.Current.CancellationToken)).Message;

        Assert.Contains("'wiki'", message);
        Assert.Contains("must have the role 'training'", message);
    }

    [Fact]
    public void Takes_a_file_that_was_named_by_its_path() =>
        Assert.Equal(TextRoles.File, TokenStream.Build(new TrainingText("mine", TextRoles.File, null, Documents), Samplers.Tokenizer, new TokenStreamSettings(), cancel: TestContext.Current.CancellationToken).Role);

    [Fact]
    public void Refuses_an_empty_text() => Assert.Contains("empty", Assert.Throws<DataException>(() => Build([], new TokenStreamSettings())).Message);

    [Fact]
    public void Refuses_a_cap_of_nothing() =>
        Assert.Contains("at least 1", Assert.Throws<UsageException>(() => Build(Documents, new TokenStreamSettings { MaxTokens = 0 })).Message);

    [Fact]
    public void Stops_when_it_is_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        var progress = new Told(p => { if (p.Documents == 3) cancel.Cancel(); });

        Assert.Throws<OperationCanceledException>(() => TokenStream.Build(
            new TrainingText("t", TextRoles.Training, null, Documents), Samplers.Tokenizer, new TokenStreamSettings(), progress, cancel.Token));

        Assert.Equal(3, progress.Last.Documents);
    }

    private static TokenStream Build(IEnumerable<string> documents, TokenStreamSettings settings) =>
        TokenStream.Build(new TrainingText("t", TextRoles.Training, null, documents), Samplers.Tokenizer, settings);

    private static IEnumerable<string> Unreadable()
    {
        Assert.Fail("the text was read");
        yield break;
    }

    internal sealed class Told(Action<TokenStreamProgress>? then = null) : IProgress<TokenStreamProgress>
    {
        public TokenStreamProgress Last { get; private set; }

        public void Report(TokenStreamProgress value)
        {
            Last = value;
            then?.Invoke(value);
        }
    }
}
