using LST.Core.Compression;
using LST.Core.Models.Generation;
using LST.Evaluation.Benchmarks.Runs;
using LST.Evaluation.Tests.Perplexity;

namespace LST.Evaluation.Tests.Benchmarks.Runs;

/// <summary>Answers that are decoded together are those of one cache alone.</summary>
public sealed class GreedyAnswersTests(ReferenceModel reference) : IClassFixture<ReferenceModel>
{
    private static readonly string[] Methods = ["streaming", "h2o:recent=n/2", "snapkv:observe=8", "mean:log-mass=true", "lst"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private long[] Ids(string text) => [reference.Loaded.BosId, .. reference.Loaded.Tokenizer.Encode(text).Select(id => (long)id)];

    [Fact]
    public void Without_a_question_they_are_what_the_generator_makes()
    {
        var prompt = Ids(string.Join(' ', Enumerable.Repeat("The method returns the number of elements in the list.", 6)));
        BenchmarkRow[] rows = [new(MethodSpec.Parse("dense"), Ratio.One), .. Methods.Select(method => new BenchmarkRow(MethodSpec.Parse(method), Ratio.Of(2)))];
        using var contexts = new CompressedContexts(reference.Loaded);
        using var compressed = contexts.Compress(prompt, rows, Cancel);

        var made = new GreedyAnswers(reference.Model, []).Of([.. rows.Select((_, r) => compressed[r])], ReadOnlyMemory<long>.Empty, compressed.LastHidden, 12, cancel: Cancel);

        for (var r = 0; r < rows.Length; r++)
        {
            var alone = new Generator(reference.Model, reference.Loaded.Tokenizer).Run([prompt], new GenerationRequest(rows[r].Method, rows[r].Ratio, 12, new SamplingOptions(), []), cancel: Cancel);
            Assert.Equal(alone[0].Ids, made[r]);
        }
    }

    [Fact]
    public void A_question_behind_a_whole_cache_is_the_prompt_in_one_piece()
    {
        var prompt = Ids(string.Join(' ', Enumerable.Repeat("The method returns the number of elements in the list.", 4)));
        BenchmarkRow[] rows = [new(MethodSpec.Parse("dense"), Ratio.One)];
        using var contexts = new CompressedContexts(reference.Loaded);
        using var compressed = contexts.Compress(prompt.AsMemory(0, 20), rows, Cancel);

        var made = new GreedyAnswers(reference.Model, []).Of([compressed[0]], prompt.AsMemory(20), compressed.LastHidden, 12, cancel: Cancel);

        var alone = new Generator(reference.Model).Run([prompt], new GenerationRequest(rows[0].Method, Ratio.One, 12, new SamplingOptions(), []), cancel: Cancel);
        Assert.Equal(alone[0].Ids, made[0]);
    }

    [Fact]
    public void An_answer_ends_at_a_stop_id_or_when_enough_is_said()
    {
        var prompt = Ids("The method returns the number of elements in the list. The method returns");
        BenchmarkRow[] rows = [new(MethodSpec.Parse("dense"), Ratio.One)];
        using var contexts = new CompressedContexts(reference.Loaded);
        int[] Made(int[] stops, Func<IReadOnlyList<int>, bool>? isEnough)
        {
            using var compressed = contexts.Compress(prompt, rows, Cancel);
            return new GreedyAnswers(reference.Model, stops).Of([compressed[0]], ReadOnlyMemory<long>.Empty, compressed.LastHidden, 20, isEnough, Cancel)[0];
        }
        var whole = Made([], null);

        var stopped = Made([whole[5]], null);
        var enough = Made([], ids => ids.Count >= 6);

        Assert.Equal(20, whole.Length);
        Assert.Equal(whole[..Array.IndexOf(whole, whole[5])], stopped);
        Assert.Equal(whole[..8], enough);
    }
}
