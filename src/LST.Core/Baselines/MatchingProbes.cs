using LST.Core.Compression;
using LST.Core.Losses.Probes;
using static TorchSharp.torch;

namespace LST.Core.Baselines;

/// <summary>
/// The queries that Attention Matching matches, rows of all heads of a group, head after head:
/// <c>prefix</c>, all queries of the prompt at their own positions; <c>isotropic</c>, random directions (<see cref="RescaledProbes"/>), each head's of the mean norm of its prompt queries;
/// <c>gaussian</c>, a normal distribution fitted to each head's prompt queries before RoPE, at the 512 positions behind the prompt (<see cref="GaussianProbes"/>);
/// <c>repeat</c>, all queries with which the model reads an order to repeat the prompt and the prompt again. Drawn ones are as many as the prompt has queries; a draw depends on
/// seed and layer alone.
/// </summary>
/// <param name="source">Name.</param>
/// <param name="seed">Of drawn probes.</param>
internal sealed class MatchingProbes(string source, int seed) : IDisposable
{
    private const int Horizon = 512, ChunkTokens = 2048;

    private Tensor[] repeated = [];                 // [L] of [H_q, repeat input, D]

    public CompressorNeeds Needs => source switch
    {
        "gaussian" => CompressorNeeds.PreRopeQueries,
        "repeat" => CompressorNeeds.ModelPasses,
        _ => CompressorNeeds.Queries,
    };

    /// <summary>Has the model repeat its prompt and keeps the queries of every layer.</summary>
    public void Repeat(IModelAccess model, KvZipPrompt prompt)
    {
        Dispose();
        var layers = Enumerable.Range(0, model.Config.Layers).Select(_ => new List<Tensor>()).ToList();
        var ids = model.PromptIds.Span;
        for (var start = 0; start < ids.Length; start += ChunkTokens)
            model.RunBehindPrompt(prompt.Repeat(ids, start, Math.Min(ChunkTokens, ids.Length - start)), (layer, queries, _) => layers[layer].Add(queries.clone().DetachFromDisposeScope()));
        repeated = [.. layers.Select(chunks => chunks.Count == 1 ? chunks[0] : Joined(chunks))];
    }

    /// <summary>Probes after RoPE [H_kv, G · probes a head, D], in the current dispose scope.</summary>
    public Tensor Of(LayerContext layer)
    {
        using var scope = NewDisposeScope();
        var perHead = source switch
        {
            "isotropic" => Draw(new RescaledProbes(), layer, Asked(layer.Queries, "Queries")),
            "gaussian" => Draw(new GaussianProbes(), layer, Asked(layer.PreRopeQueries, "PreRopeQueries")),
            "repeat" => repeated.Length > 0 ? repeated[layer.Layer] : throw new InvalidOperationException("Attention Matching has no repeat queries before Prepare"),
            _ => Asked(layer.Queries, "Queries"),
        };
        return perHead.reshape(layer.KeyValueHeads, -1, perHead.shape[2]).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var queries in repeated) queries.Dispose();
        repeated = [];
    }

    private static Tensor Joined(List<Tensor> chunks)
    {
        var joined = cat(chunks, 1).DetachFromDisposeScope();
        foreach (var chunk in chunks) chunk.Dispose();
        return joined;
    }

    private static Tensor Asked(Tensor? queries, string need) =>
        queries ?? throw new InvalidOperationException($"Attention Matching reads queries of the prompt that were not captured (CompressorNeeds.{need})");

    private Tensor Draw(IProbeSource from, LayerContext layer, Tensor promptQueries)
    {
        using var builder = new QueryStatisticsBuilder((int)promptQueries.shape[0], (int)promptQueries.shape[2]);
        builder.Add(promptQueries);
        using var statistics = builder.Build();
        using var generator = new Generator(Seed(layer.Layer));
        return from.Draw(new ProbeContext
        {
            Layer = layer.Layer, QueryHeads = (int)promptQueries.shape[0], KeyValueHeads = layer.KeyValueHeads, HeadDim = (int)promptQueries.shape[2],
            Rotary = layer.Rotary, Tokens = layer.Tokens, Horizon = Horizon, Statistics = statistics, Device = layer.Keys.device,
        }, layer.Tokens, generator);
    }

    // SplitMix64: neighbouring seeds and layers share nothing.
    private ulong Seed(int layer)
    {
        var state = ((ulong)seed << 32) + (ulong)layer + 0x9E3779B97F4A7C15;
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB;
        return state ^ (state >> 31);
    }
}
