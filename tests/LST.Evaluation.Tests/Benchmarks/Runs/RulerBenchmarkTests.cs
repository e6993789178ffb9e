using LST.Evaluation.Benchmarks;
using LST.Evaluation.Benchmarks.Ruler;
using LST.Evaluation.Benchmarks.Runs;
using LST.Evaluation.Tests.Benchmarks.Ruler;
using LST.Evaluation.Tests.Perplexity;

namespace LST.Evaluation.Tests.Benchmarks.Runs;

/// <summary>RULER's answers behind a whole cache are those of plain greedy decoding, in both modes.</summary>
public sealed class RulerBenchmarkTests(ReferenceModel reference) : IClassFixture<ReferenceModel>
{
    private const int NewTokens = 12;

    private static readonly RulerTask Task = RulerTasks.Find("niah_single_1") with { NewTokens = NewTokens };

    [Fact]
    public void Dense_answers_and_scores_are_those_of_plain_greedy_decoding_and_the_modes_differ_in_what_they_compress()
    {
        var (samples, plain) = Samples();
        using var contexts = new CompressedContexts(reference.Loaded);

        foreach (var mode in new[] { CompressionMode.QueryAgnostic, CompressionMode.QueryAware })
        {
            var lines = BenchmarkLines.Of(reference.Loaded, contexts, new RulerBenchmark(reference.Loaded, contexts, Task, [.. samples.Select(sample => RulerItem.Of(sample))], mode, ["haystack=noise"]));

            foreach (var (line, i) in lines.Dense().Select((line, i) => (line, i)))
            {
                var found = samples[i].Outputs.Count(output => plain[i].Contains(output, StringComparison.OrdinalIgnoreCase));
                Assert.Equal((double)found / samples[i].Outputs.Count, line.Score);
                if (line.Score < 1) Assert.Equal(plain[i], line.Prediction);
                else Assert.StartsWith(line.Prediction!, plain[i], StringComparison.Ordinal);
            }
            // The second sample was given half of an answer, the third one whose first ids are enough.
            Assert.Equal([0.5, 1], lines.Dense().Skip(1).Select(line => line.Score));
            Assert.True(lines.Dense()[2].Prediction!.Length < plain[2].Length);
            Assert.Contains(lines, line => line.Method != "dense" && line.Prediction != lines.Dense()[(int)line.ItemIndex].Prediction);
            Assert.All(lines, line =>
            {
                var prompt = samples[(int)line.ItemIndex].Split();
                Assert.Equal(mode == CompressionMode.QueryAware ? "query-aware" : "query-agnostic", line.Mode);
                Assert.Equal(PlainAnswers.Ids(reference.Loaded, mode == CompressionMode.QueryAware ? prompt.Text : prompt.Context).Length, line.TokensCtx);
                Assert.Equal((int?)256, line.Length);
                // Where the right answer of the sample, which the test has put another one in place of, begins.
                Assert.InRange(line.Depth!.Value, 0, 100);
                Assert.Equal(["ends-when-found", "haystack=noise"], line.ParityFlags);
            });
        }
    }

    // Samples with the answers that the model will give.
    private (IReadOnlyList<RulerSample> Samples, IReadOnlyList<string> Plain) Samples()
    {
        using var data = new InventedData();
        List<RulerSample> samples = [.. data.Samples(new RulerSettings(Task, 256), text => reference.Loaded.Tokenizer.Encode(text).Length).Take(3)];
        List<string> plain = [.. samples.Select(sample => PlainAnswers.Greedy(reference.Loaded, sample.Text, NewTokens))];
        samples[1] = samples[1] with { Outputs = [plain[1].Trim()[^3..], "never said"] };
        samples[2] = samples[2] with { Outputs = [plain[2].Trim()[..3]] };
        return (samples, plain);
    }
}
