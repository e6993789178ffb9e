using CsCheck;
using LST.Core;
using LST.Core.Training.Data;
using LST.Evaluation.Benchmarks.Recall;

namespace LST.Evaluation.Tests.Benchmarks.Recall;

public class RecallGeneratorTests
{
    private const int Tokens = 300;

    private static readonly Lazy<TokenStream> Source = new(() => TokenStream.Build(
        new TrainingText("hills", TextRoles.Training, null, Documents()), RecallTokenizers.Open("lst-ref"), new TokenStreamSettings()));

    [Fact]
    public void An_item_asks_for_one_fact_of_its_context_and_its_ids_follow_the_rule() => Gen.Select(Gen.Int[0, 100_000], Gen.Int[1, 4]).Sample((index, facts) =>
    {
        var item = Generator(facts).At(index);
        var line = new RecallLine("i", item.Template, "number", item.Facts, Tokens, item.Context, item.Question, item.Answer);
        var ids = RecallIds.Of(line, RecallTokenizers.Open("lst-ref"), 0);

        Assert.Equal(facts, item.Facts);
        Assert.Contains(item.Template, "ABCD", StringComparison.Ordinal);
        Assert.Contains(item.Answer, item.Context, StringComparison.Ordinal);
        Assert.InRange(ids.ContextTokens, Tokens - 10, Tokens);
        Assert.Equal(item.Answer, RecallTokenizers.Open("lst-ref").Decode([.. ids.Answer.ToArray().Select(id => (int)id)]).TrimStart(' '));
    }, iter: 25, threads: 1);

    [Fact]
    public void The_same_seed_and_index_are_the_same_item_in_any_order_and_others_are_others()
    {
        var (one, again, other) = (Generator(2, 5), Generator(2, 5), Generator(2, 6));

        Assert.Equal(one.At(3), again.At(3));
        Assert.NotEqual(one.At(3), one.At(4));
        Assert.NotEqual(one.At(3), other.At(3));
        Assert.NotEqual(one.At(3).Answer, Generator(3, 5).At(3).Answer);
    }

    [Fact]
    public void No_item_is_a_training_sequence_of_the_same_seed()
    {
        var settings = new MixtureSettings { PrefixMin = Tokens, PrefixMax = Tokens, Suffix = 100, StatementsMin = 2, StatementsMax = 2, QuestionsMax = 1, Kinds = new KindWeights(0, 0, 1, 0) };
        var sampler = new SequenceSampler(settings, [Source.Value], RecallTokenizers.Open("lst-ref"), 0, 5);
        var trained = Enumerable.Range(0, 20).Select(i => RecallTokenizers.Open("lst-ref").Decode(Array.ConvertAll(sampler.At(i).Ids[1..], id => (int)id))).ToHashSet();

        Assert.DoesNotContain(Enumerable.Range(0, 20).Select(i => Generator(2, 5).At(i)), item => trained.Contains(item.Context + item.Question + item.Answer));
    }

    [Fact]
    public void Items_become_lines_of_the_examinations_form()
    {
        var lines = GeneratedItems.Take(Generator(2, 5), 5, Tokens, 6);
        using var folder = new TemporaryFolder();

        Assert.Equal(6, lines.Select(line => line.Id).Distinct().Count());
        Assert.All(lines, line => Assert.Equal(line.Template == "D" ? "word" : "number", line.Kind));
        Assert.Equal(lines, RecallFile.Read(folder.Write("items.jsonl", string.Join('\n', lines.Select(RecallFile.Format)))));
    }

    [Fact]
    public void Numbers_without_room_and_texts_of_the_examination_are_refused()
    {
        var tokenizer = RecallTokenizers.Open("lst-ref");

        Assert.Contains("8 facts", Assert.Throws<UsageException>(() => new RecallGenerator([Source.Value], tokenizer, 0, 1, 8, 60).At(0)).Message, StringComparison.Ordinal);
        Assert.Throws<UsageException>(() => new RecallGenerator([Source.Value], tokenizer, 0, 1, 2, Tokens, "AE"));
        Assert.Throws<UsageException>(() => TokenStream.Build(new TrainingText("t", TextRoles.Test, null, Documents()), tokenizer, new TokenStreamSettings(), cancel: TestContext.Current.CancellationToken));
    }

    private static RecallGenerator Generator(int facts, long seed = 1) => new([Source.Value], RecallTokenizers.Open("lst-ref"), 0, seed, facts, Tokens);

    private static IReadOnlyList<string> Documents()
    {
        var random = new SplittableRandom(1);
        string Sentence() => $"The {string.Join(' ', Enumerable.Range(0, random.Between(4, 14)).Select(_ => random.Choose(WordLists.Nouns)))}.";
        return [.. Enumerable.Range(0, 30).Select(_ => $"{string.Join(' ', Enumerable.Range(0, 40).Select(_ => Sentence()))}\n")];
    }
}
