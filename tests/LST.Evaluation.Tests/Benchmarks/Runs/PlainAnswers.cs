using static TorchSharp.torch;

namespace LST.Evaluation.Tests.Benchmarks.Runs;

/// <summary>Answers and losses by the plainest way there is: the whole text is read again for every new id, and no cache is kept.</summary>
internal static class PlainAnswers
{
    /// <summary>BOS and the ids of a text.</summary>
    public static long[] Ids(LoadedModel loaded, string text) => [loaded.BosId, .. loaded.Tokenizer.Encode(text).Select(id => (long)id)];

    /// <summary>What the model goes on with, the most likely id at each place, until an id that ends a text or the most new ids.</summary>
    public static string Greedy(LoadedModel loaded, string text, int newTokens)
    {
        var stops = GenerationPrompt.StopIds(loaded);
        List<long> ids = [.. Ids(loaded, text)];
        List<int> made = [];
        while (made.Count < newTokens)
        {
            using var scope = NewDisposeScope();
            var next = (int)LogProbs(loaded, [.. ids])[^1].argmax().item<long>();
            if (stops.Contains(next)) break;
            made.Add(next);
            ids.Add(next);
        }
        return loaded.Tokenizer.Decode([.. made]);
    }

    /// <summary>Log-likelihood of ids [start, end) given all before them, nats.</summary>
    public static double LogLikelihood(LoadedModel loaded, long[] ids, int start)
    {
        using var scope = NewDisposeScope();
        var logs = LogProbs(loaded, ids);
        return Enumerable.Range(start, ids.Length - start).Sum(i => logs[i - 1, ids[i]].item<double>());
    }

    // [S, V], of full logits in double precision.
    private static Tensor LogProbs(LoadedModel loaded, long[] ids)
    {
        using var noGradients = no_grad();
        using var cache = loaded.Model.NewCache(1);
        return loaded.Model.Logits(loaded.Model.Run(tensor(ids, 1, ids.Length), cache)[0]).to(float64).log_softmax(1);
    }
}
