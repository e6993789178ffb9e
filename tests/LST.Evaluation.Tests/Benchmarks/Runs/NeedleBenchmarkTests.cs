using LST.Evaluation.Benchmarks;
using LST.Evaluation.Benchmarks.Ruler.Grid;
using LST.Evaluation.Benchmarks.Runs;
using LST.Evaluation.Tests.Benchmarks.Ruler;
using LST.Evaluation.Tests.Perplexity;

namespace LST.Evaluation.Tests.Benchmarks.Runs;

/// <summary>Answers about the needle behind a whole cache are those of plain greedy decoding, in both modes.</summary>
public sealed class NeedleBenchmarkTests(ReferenceModel reference) : IClassFixture<ReferenceModel>
{
    [Fact]
    public void A_prompt_that_begins_with_BOS_gets_no_second_and_special_tokens_are_read_as_such()
    {
        var bos = reference.Loaded.Tokenizer.TokenText(reference.Loaded.BosId);
        NeedleGridSample Cell(string head, int depth) => new(400, depth, head + string.Concat(Enumerable.Repeat("There is a sandwich in Dolores Park, and a second one. ", 6)), "There is", 0, 200);
        using var contexts = new CompressedContexts(reference.Loaded);

        var lines = BenchmarkLines.Of(reference.Loaded, contexts, new NeedleBenchmark(reference.Loaded, contexts, [Cell("", 0), Cell(bos, 10), Cell(bos + bos, 20)], CompressionMode.QueryAgnostic)).Dense();

        Assert.Equal(lines[0].TokensCtx, lines[1].TokensCtx);
        Assert.Equal(lines[0].Prediction, lines[1].Prediction);
        Assert.Equal(lines[0].TokensCtx + 1, lines[2].TokensCtx);
    }

    [Fact]
    public void Dense_answers_and_scores_are_those_of_plain_greedy_decoding_and_the_modes_differ_in_what_they_compress()
    {
        var maker = new NeedleGridMaker(reference.Loaded.Tokenizer, InventedData.Essays(40));
        // The last one goes on as it began.
        var book = string.Concat(Enumerable.Repeat("a sandwich in Dolores Park, ", 12));
        List<NeedleGridSample> cells = [.. maker.Grid([300], [0, 100]), new NeedleGridSample(400, 50, book, "a sandwich in Dolores Park,", 0, 200)];
        List<string> plain = [.. cells.Select(cell => PlainAnswers.Greedy(reference.Loaded, cell.Prompt, SanFranciscoNeedle.NewTokens))];
        using var contexts = new CompressedContexts(reference.Loaded);

        foreach (var mode in new[] { CompressionMode.QueryAgnostic, CompressionMode.QueryAware })
        {
            var lines = BenchmarkLines.Of(reference.Loaded, contexts, new NeedleBenchmark(reference.Loaded, contexts, cells, mode, ["haystack=other"]));

            foreach (var line in lines.Dense())
            {
                var i = cells.FindIndex(cell => cell.ItemId == line.ItemId);
                // Behind the first line nothing counts.
                var first = plain[i].Split('\n')[0];
                Assert.Equal(first, line.Prediction);
                Assert.Equal(["haystack=other"], line.ParityFlags);
                Assert.Equal(first.Contains("sandwich", StringComparison.OrdinalIgnoreCase) && first.Contains("Dolores Park", StringComparison.OrdinalIgnoreCase) ? 1 : 0, line.Score);
            }
            Assert.All(lines, line => Assert.Equal(line.Score, line.Scores!["found"]));
            Assert.All(lines, line => Assert.Equal(["found", "overlap", "rouge1_x10"], line.Scores!.Keys));
            Assert.Equal([0, 0, 1], cells.Select(cell => lines.Dense().Single(line => line.ItemId == cell.ItemId).Score));
            Assert.All(lines, line =>
            {
                var cell = cells.Find(cell => cell.ItemId == line.ItemId)!;
                Assert.Equal((mode == CompressionMode.QueryAware ? "query-aware" : "query-agnostic", cell.Length, cell.Depth), (line.Mode, line.Length!.Value, line.Depth!.Value));
                Assert.Equal(PlainAnswers.Ids(reference.Loaded, mode == CompressionMode.QueryAware ? cell.Prompt : cell.Context).Length, line.TokensCtx);
            });
        }
    }
}
