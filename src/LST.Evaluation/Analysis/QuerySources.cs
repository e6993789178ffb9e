using LST.Core;
using LST.Core.Losses.Probes;
using LST.Core.Models;
using static TorchSharp.torch;

namespace LST.Evaluation.Analysis;

/// <summary>
/// Where the queries of an analysis are from: <c>continuation</c>, the real ones behind the prefix, or a source of probes as training draws them
/// (<see cref="ProbeSources"/>), fitted where need be to the prefix's own queries. Under a sliding window probes stand right behind the prefix.
/// </summary>
public static class QuerySources
{
    /// <summary>Real queries of the tokens behind the prefix, evenly spread.</summary>
    public const string Continuation = "continuation";

    /// <summary>Sources by name, the real one first.</summary>
    public static IReadOnlyList<string> Names { get; } = [Continuation, .. ProbeSources.All.Where(source => !source.Needs.HasFlag(ProbeNeeds.RepeatQueries)).Select(source => source.Name)];

    // Queries of one layer in the current dispose scope; equal seeds give equal draws.
    internal static ProbeRows Draw(string name, PromptLayer layer, int index, LanguageModel model, int prefix, int count, long seed)
    {
        if (!Names.Contains(name)) throw new UsageException($"query source '{name}' is unknown; known: {string.Join(", ", Names)}");
        if (count < 1) throw new UsageException($"{count} queries of a head: it must be at least 1; give e.g. 64");
        var (config, behind) = (model.Config, (int)layer.Queries.shape[1] - prefix);
        if (name == Continuation)
        {
            if (count > behind) throw new UsageException($"{count} queries of a head are wanted, but only {behind} tokens stand behind the prefix; open the prompt with a longer continuation or ask for fewer");
            long[] taken = [.. Enumerable.Range(0, count).Select(i => prefix + (long)i * behind / count)];
            return new ProbeRows(layer.Queries.index_select(1, tensor(taken).to(layer.Queries.device)), taken);
        }
        var source = ProbeSources.Parse(name);
        using var builder = new QueryStatisticsBuilder(config.QueryHeads, config.HeadDim);
        if (source.Needs.HasFlag(ProbeNeeds.Statistics)) builder.Add(layer.PreRopeQueries);
        using var statistics = source.Needs.HasFlag(ProbeNeeds.Statistics) ? builder.Build() : null;
        using var generator = new Generator((ulong)(seed * 8191 + index), CPU);
        var probes = source.Draw(new ProbeContext
        {
            Layer = index, QueryHeads = config.QueryHeads, KeyValueHeads = config.KeyValueHeads, HeadDim = config.HeadDim, Rotary = model.Rotary, Tokens = prefix, Horizon = behind,
            PreRopeQueries = layer.PreRopeQueries, Statistics = statistics, Device = layer.Queries.device,
        }, count, generator);
        return new ProbeRows(probes, [.. Enumerable.Repeat((long)prefix, count)]);
    }
}
