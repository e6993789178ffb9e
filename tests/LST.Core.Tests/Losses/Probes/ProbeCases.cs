using LST.Core.Losses.Probes;
using LST.Core.Models;
using LST.Core.Tests.Models;
using static TorchSharp.torch;

namespace LST.Core.Tests.Losses.Probes;

/// <summary>Contexts of a small grouped-query model: H_q = 6, H_kv = 2, D = 16.</summary>
internal static class ProbeCases
{
    public const int QueryHeads = 6, Width = 16, Tokens = 20, Horizon = 7;

    public static RotaryEmbedding Rotary { get; } = new(TinyModels.Gqa);

    /// <summary>Everything that a source may ask for.</summary>
    public static ProbeContext Full() => new()
    {
        Layer = 3, QueryHeads = QueryHeads, KeyValueHeads = 2, HeadDim = Width, Rotary = Rotary, Tokens = Tokens, Horizon = Horizon,
        PreRopeQueries = LossTensors.Normal(1, QueryHeads, Tokens, Width), RepeatQueries = LossTensors.Normal(2, QueryHeads, 11, Width), Statistics = Statistics(),
    };

    /// <summary>Queries of known moments: x = mean + scale·z, one mean, scale and correlation a head.</summary>
    public static Tensor Correlated(ulong seed, int tokens)
    {
        using var scope = NewDisposeScope();
        var z = LossTensors.Normal(seed, QueryHeads, tokens, Width);
        var mixed = z + z.roll(1, 2) * 0.5;                                                    // neighbours correlate
        return (mixed * linspace(0.5, 3, QueryHeads, float64).view(-1, 1, 1) + linspace(-2, 2, Width, float64)).MoveToOuterDisposeScope();
    }

    public static QueryStatistics Statistics()
    {
        using var builder = new QueryStatisticsBuilder(QueryHeads, Width);
        using var queries = Correlated(5, 400);
        builder.Add(queries);
        return builder.Build();
    }

    /// <summary>Draws and gives up the statistics.</summary>
    public static Tensor Draw(string name, ProbeContext context, int count, ulong seed)
    {
        using var generator = new Generator(seed);
        return ProbeSources.Parse(name).Draw(context, count, generator);
    }
}
