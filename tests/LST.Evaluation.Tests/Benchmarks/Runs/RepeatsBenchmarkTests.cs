using System.Text.Json;
using LST.Evaluation.Benchmarks.Recall;
using LST.Evaluation.Benchmarks.Runs;
using LST.Evaluation.Tests.Perplexity;

namespace LST.Evaluation.Tests.Benchmarks.Runs;

/// <summary>The losses of repeats behind a whole cache are those of one plain pass over the changed chunk.</summary>
public sealed class RepeatsBenchmarkTests(ReferenceModel reference) : IClassFixture<ReferenceModel>
{
    private const int Prefix = 180, Suffix = 128;

    [Fact]
    public void Dense_scores_are_mean_losses_of_the_second_half_of_the_span_in_one_plain_pass()
    {
        var ids = reference.Ids(ReferenceModel.Prose.Content);
        RepeatChunk[] chunks = [.. Enumerable.Range(0, 3).Select(c => RepeatChunk.Of(ReferenceModel.Chunk(ids, c, Prefix, Suffix), c, Prefix))];
        using var contexts = new CompressedContexts(reference.Loaded);

        var lines = BenchmarkLines.Of(reference.Loaded, contexts, new RepeatsBenchmark(reference.Loaded, contexts, chunks));

        foreach (var (line, chunk) in lines.Dense().Zip(chunks))
        {
            // Half of the span, rounded down, is read before anything counts.
            var losses = reference.Losses(chunk.Ids[..(Prefix + chunk.Length)])[(Prefix + chunk.Length / 2 - 1)..];
            Assert.Equal(losses.Average(), line.Score, 1e-4);
            Assert.Equal(-losses.Sum(), Assert.Single(line.Loglik!), 1e-2);
            Assert.Equal((losses.Length, chunk.Length, chunk.Source), (Number("scored"), Number("span"), Number("source")));

            int Number(string name) => ((JsonElement)line.Further![name]).GetInt32();
        }
        Assert.All(lines, line => Assert.Equal(("query-agnostic", Prefix - 1, Prefix), (line.Mode, line.TokensCtx, line.Length!.Value)));
        // Rows are scored behind their own caches.
        Assert.All(lines.Where(line => line.Method != "dense"), line => Assert.True(Math.Abs(line.Score - lines.Dense()[(int)line.ItemIndex].Score) > 1e-3, $"{line.Key}"));
    }
}
