using LST.Core.Compression;

namespace LST.Core.Tests.Baselines;

/// <summary>Mean pooling step by step, in double.</summary>
internal sealed record NaiveMean(int Sinks, int Recent, int? Window, bool FixedWindow, bool PreRope, bool LogMass, bool Middle)
{
    public string Typed => $"mean:sinks={Sinks}:recent={Recent}" + (Window is { } w ? $":window={w}" : "") + (FixedWindow ? ":grouping=fixed-window" : "")
        + (PreRope ? ":key-space=pre-rope" : "") + (LogMass ? ":log-mass=true" : "") + (Middle ? ":budget=middle" : "");

    /// <summary>First token and length of every run.</summary>
    public List<(int First, int Count)> Runs(int tokens, Ratio ratio)
    {
        var all = Enumerable.Range(0, tokens).Select(j => (j, 1)).ToList();
        if (ratio == Ratio.One || tokens <= Sinks + Recent) return all;
        var middle = tokens - Sinks - Recent;
        var slots = Middle ? Sinks + Recent + Floor(middle, ratio) : Math.Min(tokens, Math.Max(Floor(tokens, ratio), Sinks + Recent + 1));
        if (slots >= tokens) return all;
        var runs = all.Take(Sinks).ToList();
        if (!FixedWindow && Window is null)
        {
            // A middle of fewer than r tokens would vanish; it becomes one mean.
            var groups = Math.Max(1, slots - Sinks - Recent);
            for (var g = 0; g < groups; g++)
            {
                var (first, next) = ((int)((long)g * middle / groups), (int)((g + 1L) * middle / groups));
                runs.Add((Sinks + first, next - first));
            }
        }
        else
        {
            var width = Window ?? (Middle ? ratio.Numerator : Enumerable.Range(1, middle).First(w => Sinks + Recent + (middle / w) + (middle % w) <= slots));
            for (var g = 0; g < middle / width; g++) runs.Add((Sinks + (g * width), width));
            runs.AddRange(all.Skip(Sinks + (middle / width * width)).Take(middle % width));
        }
        runs.AddRange(all.Skip(tokens - Recent));
        return runs;
    }

    public (double[] Key, double[] Value) Merge(RandomLayer layer, int head, (int First, int Count) run)
    {
        if (run.Count == 1) return (layer.Keys[head][run.First], layer.Values[head][run.First]);
        var key = PreRope ? NaiveRotation.Turn(Average(layer.PreRopeKeys[head], run), Position(run), layer.Frequencies) : Average(layer.Keys[head], run);
        return (key, Average(layer.Values[head], run));
    }

    public static int Position((int First, int Count) run) => (run.First + run.First + run.Count - 1) / 2;

    public static int Floor(int tokens, Ratio ratio) => (int)((long)tokens * ratio.Denominator / ratio.Numerator);

    private static double[] Average(double[][] rows, (int First, int Count) run) =>
        [.. Enumerable.Range(0, rows[0].Length).Select(d => rows.Skip(run.First).Take(run.Count).Average(row => row[d]))];
}
