using LST.Core;
using LST.Evaluation.Benchmarks.ZeroShot;
using LST.Evaluation.Benchmarks.ZeroShot.Rolling;
using LST.Evaluation.Tests.Analysis;
using static TorchSharp.torch;

namespace LST.Evaluation.Tests.Benchmarks.ZeroShot.Rolling;

public class RollingPerplexityTests(TinyPrompt tiny) : IClassFixture<TinyPrompt>
{
    [Fact]
    public void Ten_ids_in_windows_of_four()
    {
        var windows = RollingWindows.Of([.. Enumerable.Range(100, 10)], prefixId: 1, maxLength: 4);

        Assert.Equal([[1, 100, 101, 102], [103, 104, 105, 106], [105, 106, 107, 108]], windows.Select(window => window.Inputs));
        Assert.Equal([[100, 101, 102, 103], [104, 105, 106, 107], [108, 109]], windows.Select(window => window.Targets));
        Assert.Equal([[1], [103], [105, 106, 107]], windows.Select(window => window.Context));
    }

    [Fact]
    public void Every_id_is_scored_once_behind_the_ids_before_it()
    {
        var random = new System.Random(2);
        for (var i = 0; i < 500; i++)
        {
            int[] ids = [.. Enumerable.Range(100, random.Next(60))];
            var maxLength = random.Next(1, 20);
            var context = random.Next(1, maxLength + 1);
            int[] whole = [7, .. ids];

            var windows = RollingWindows.Of(ids, 7, maxLength, context);

            Assert.Equal(ids, windows.SelectMany(window => window.Targets));
            foreach (var window in windows)
            {
                var end = Array.IndexOf(whole, window.Targets[^1]);
                Assert.Equal(whole[(end - window.Inputs.Length)..end], window.Inputs);
                Assert.InRange(window.Targets.Length, 1, window.Inputs.Length);
                Assert.Equal(ReferenceEquals(window, windows[0]) ? Math.Min(maxLength, ids.Length) : maxLength, window.Inputs.Length);
                Assert.True(ReferenceEquals(window, windows[0]) || window.Context.Length >= context);
            }
        }
    }

    [Fact]
    public void A_document_s_log_likelihood_is_the_sum_of_plain_passes_over_its_windows()
    {
        var loaded = tiny.Model();
        const string page = " = River = \n \n A quick river ( \" slowly \" ) walked over the stone , 1 @,@ 987 times . \n";
        var document = new RollingPerplexity(loaded, maxLength: 16).Score(page, TestContext.Current.CancellationToken);
        var expected = 0.0;
        foreach (var window in document.Windows)
        {
            using var scope = NewDisposeScope();
            using var noGradients = no_grad();
            using var cache = loaded.Model.NewCache(1);
            var logs = loaded.Model.Logits(loaded.Model.Run(tensor([.. window.Inputs.Select(id => (long)id)], 1, window.Inputs.Length), cache)[0]).to(float64).log_softmax(1);
            for (var i = 0; i < window.Targets.Length; i++) expected += logs[window.Inputs.Length - window.Targets.Length + i, window.Targets[i]].item<double>();
        }

        Assert.True(document.Windows.Count > 1);
        Assert.Equal([0, .. loaded.Tokenizer.Encode(document.ScoredText)], document.Ids);
        Assert.Equal([0, 0], [document.Windows[0].Inputs[0], document.Windows[0].Targets[0]]);
        Assert.Equal(expected, document.LogLikelihood, 1e-3);
        Assert.Equal(WikiTextPages.Count(page), (document.Words, document.Bytes));
    }

    [Fact]
    public void Scores_are_sums_over_documents()
    {
        RollingDocument[] documents = [Document(-30, 10, 50), Document(-6, 2, 10)];
        var scores = RollingScores.Of(documents);

        Assert.Equal(Math.Exp(36.0 / 12), scores.WordPerplexity, 1e-12);
        Assert.Equal(Math.Exp(36.0 / 60), scores.BytePerplexity, 1e-12);
        Assert.Equal(0.6 / Math.Log(2), scores.BitsPerByte, 1e-12);

        static RollingDocument Document(double logLikelihood, int words, int bytes) => new("", "", [], [], [logLikelihood], words, bytes);
    }

    [Fact]
    public void A_text_without_a_document_is_refused_and_every_document_of_one_is_scored()
    {
        var rolling = new RollingPerplexity(tiny.Model(), maxLength: 32);

        Assert.Equal(2, rolling.Run(" = One = \n x\n = Two = \n y\n", cancel: TestContext.Current.CancellationToken).Count);
        Assert.Contains("at least one document", Assert.Throws<DataException>(() => rolling.Run(" \n", cancel: TestContext.Current.CancellationToken)).Message);
    }
}
