using LST.Core.Compression;
using LST.Evaluation.Benchmarks.Items;

namespace LST.Evaluation.Benchmarks.Runs;

/// <summary>A row of a benchmark's table: a method at a ratio. <c>dense</c> stands for the full cache, and its ratio is 1.</summary>
/// <param name="Method">The method.</param>
/// <param name="Ratio">r.</param>
public sealed record BenchmarkRow(MethodSpec Method, Ratio Ratio)
{
    /// <summary>The full cache.</summary>
    public bool IsDense => Method.Name == "dense";

    /// <summary>How lines name it.</summary>
    public ItemRow Name => new(Method.Typed, Ratio.Value);

    /// <summary>
    /// Whether a method leaves a context as it is because its observation window would see all of it: such rows would measure another method. A smaller window is asked for as a variant, e.g.
    /// <c>snapkv:observe=n/2</c>.
    /// </summary>
    /// <param name="tokens">n', ids that may be compressed.</param>
    public bool LeavesWhole(int tokens) => Method.Options.Values.TryGetValue("observe", out var window) && window.Length > 0
        && tokens <= Method.Options.Slots("observe", Math.Clamp(Ratio.Slots(tokens), 1, tokens), Ratio);

    /// <summary>The rows of a table: dense first, then every method at every ratio.</summary>
    /// <param name="methods">Methods; dense is added where it is missing.</param>
    /// <param name="ratios">Ratios; of 1 nothing is made but dense.</param>
    public static IReadOnlyList<BenchmarkRow> All(IReadOnlyList<MethodSpec> methods, IReadOnlyList<Ratio> ratios) =>
    [
        new(MethodSpec.Parse("dense"), Ratio.One),
        .. from method in methods where method.Name != "dense" from ratio in ratios where ratio.Value > 1 select new BenchmarkRow(method, ratio),
    ];
}
